import { keyOf } from '../authentication/authentication.ts'
import { clientOf } from '../authentication/consent.ts'
import { type Scalar, showConfiguration } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { placeholdersIn, secretMask } from '../exchange/template.ts'
import { tokenEntry } from '../vault/token.ts'
import type { Beneath } from './beneath.ts'
import type { InstanceChange } from './change-schema.ts'
import { sortStored } from './connection.ts'
import type { StoredRow, StoredSecret } from './connection-store.ts'
import type { ElementInstanceRequest } from './schema.ts'
import { tokensEntry } from './tokens.ts'

/** Whether a request leaves what it does not mention of a map, or does away with it. */
export type Manner = 'replace' | 'merge'

/** A change as if it were a request for a new instance, and what is beneath it. */
export interface GivenChange {
  body: ElementInstanceRequest
  beneath: Beneath
  /** Secrets that stay closed, since no vendor gets them. */
  closed: StoredSecret[]
}

/** Sorts what a change gives from what it keeps. */
export function sortChange(
  element: Element,
  row: StoredRow,
  body: InstanceChange,
  manner: Manner,
): GivenChange {
  const { given: before, computed } = sortStored(element, row.configuration)
  const entries = new Map(
    element.entries.flatMap((entry) =>
      [entry.key, ...(entry.aliases ?? [])].map((name) => [name, entry] as const),
    ),
  )
  const secrets = row.secrets.filter(({ entry }) => entry !== tokenEntry)
  const mentioned = Object.entries(body.configuration ?? {}).filter(
    ([key]) => key !== 'authentication.type',
  )
  const stands = manner === 'merge' || body.configuration === undefined
  const all: Record<string, Scalar> = {
    ...before,
    ...Object.fromEntries(secrets.map(({ entry }) => [entry, secretMask])),
  }
  const kept = new Map(stands ? Object.entries(all) : [])
  const shown = showConfiguration(element, row.configuration, [])
  const stated: Record<string, Scalar> = {}
  for (const [name, value] of mentioned) {
    const key = entries.get(name)?.key ?? name
    if (value === secretMask && all[key] === secretMask) {
      kept.set(key, secretMask)
    } else if (!Object.hasOwn(all, key) && value !== null && shown[key] === value) {
      // What an answer shows of an entry that nobody gave is not given when it comes back.
    } else {
      kept.delete(key)
      stated[name] = value
    }
  }
  for (const name of Object.keys(stated)) kept.delete(entries.get(name)?.key ?? name)

  const isClosed = ({ entry }: StoredSecret) => entry !== tokensEntry && !entries.has(entry)
  const { configuration: _, settings: __, ...rest } = body
  return {
    body: {
      ...rest,
      ...describeConnection(element, row, body, stated),
      name: row.name,
      configuration: stated,
    },
    beneath: {
      organizationId: row.organizationId,
      id: row.id,
      kept: Object.fromEntries([...kept].filter(([key]) => entries.has(key) || key in before)),
      computed,
      secrets: secrets.filter((secret) => !isClosed(secret)),
    },
    closed: secrets.filter((secret) => isClosed(secret) && kept.has(secret.entry)),
  }
}

/** How the instance connects, where the change does not say otherwise. */
function describeConnection(
  element: Element,
  row: StoredRow,
  body: InstanceChange,
  stated: Record<string, Scalar>,
): Pick<ElementInstanceRequest, 'authentication' | 'externalAuthentication'> {
  const named = body.configuration?.['authentication.type']
  const type = body.authentication?.type ?? (named ? String(named) : row.authenticationType)
  const authentication = element.authentications.find((one) => keyOf(one) === type)
  const isSame = type === row.authenticationType
  // Whoever brings a client along has no use for an app profile.
  const client = authentication ? placeholdersIn(clientOf(authentication)) : []
  const isOwn = client.some((key) => stated[key] !== undefined && stated[key] !== null)
  const before = isSame && !isOwn ? row.oauthAppId : null
  const oauthAppId = body.authentication?.oauthAppId ?? before
  return {
    authentication: { type, ...(oauthAppId !== null && { oauthAppId }) },
    // A code takes the place of a token that was brought along.
    externalAuthentication: body.providerData
      ? 'none'
      : (body.externalAuthentication ?? (isSame ? row.externalAuthentication : 'none')),
  }
}
