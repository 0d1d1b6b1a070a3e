import type { Principal } from '../access/store.ts'
import { keyOf } from '../authentication/authentication.ts'
import { needsConsent } from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import type { Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { refuseConfiguration } from '../definition/refuse.ts'
import { findValueFault } from '../definition/value.ts'
import { getElement } from '../elements/find.ts'
import type { Values } from '../exchange/request.ts'
import { Refusal } from '../http/errors.ts'
import { asGiven } from '../instances/beneath.ts'
import type { Imported } from '../instances/imported.ts'
import type { ElementInstanceRequest } from '../instances/schema.ts'
import { type Tokens, tokensEntry } from '../instances/tokens.ts'
import type { ImportedCertificates } from './import-certificates.ts'
import { type Manifest, SealedFile, type SealedSecrets, SealedTokens } from './manifest.ts'
import { altered, readSealed } from './sealing.ts'

export interface ImportAsked {
  principal: Principal
  requestId: string
  address: string
  /** False: everything becomes a draft. */
  verify: boolean
  /** Ids of app profiles here, by those that they have where the instances come from. */
  oauthApps: ReadonlyMap<number, number>
  certificates: ImportedCertificates
}

/** What provisioning is asked for. */
export interface ImportRequest {
  body: ElementInstanceRequest
  imported: Omit<Imported, 'alongside'>
  /** Whether the instance, a draft so far, is to be tried with the tokens that came along. */
  triedLater: boolean
  warnings: Manifest['warnings']
}

/**
 * A request for the same instance here.
 * @throws {Refusal} `element-not-found`, `oauth-app-not-found` for one that is not mapped,
 *   `reconnect-required` where it cannot be without what stayed where it was
 */
export async function readImport(
  context: Context,
  asked: ImportAsked,
  manifest: Manifest,
  sealed: SealedSecrets,
): Promise<ImportRequest> {
  const { organizationId } = asked.principal
  const { element, version } = await getElement(
    context.elements,
    organizationId,
    manifest.element.key,
  )
  const { type } = manifest.authentication
  const isLeft = manifest.tokens === 'left'
  if (isLeft) requireConnectable(element, type)
  const { [tokensEntry]: tokens, ...entries } = sealed.entries
  const discovered = new Set(
    element.entries.filter(({ discovered }) => discovered).map(({ key }) => key),
  )
  const { told = [], own = [] } = Object.groupBy(Object.entries(entries), ([key]) =>
    discovered.has(key) ? 'told' : 'own',
  )
  const isMoved = manifest.tokens === 'moved'
  const isDraft = !asked.verify || manifest.state === 'draft'
  const oauthAppId = manifest.oauthApp && appFor(asked, manifest.oauthApp)
  const secrets = own.map(([key, secret]) => [key, readSecret(element, key, secret)])
  return {
    body: {
      element: { key: manifest.element.key },
      name: manifest.name,
      ...(manifest.tags && { tags: manifest.tags }),
      configuration: {
        ...manifest.configuration,
        ...Object.fromEntries(secrets),
        ...(await settleCertificates(asked, manifest, sealed)),
      },
      authentication: { type, ...(oauthAppId !== undefined && { oauthAppId }) },
      externalAuthentication: isLeft ? 'none' : manifest.externalAuthentication,
      settings: manifest.settings,
      externalId: manifest.externalId,
      // What can be used once is kept before it is.
      verify: !(isDraft || isLeft || isMoved),
    },
    imported: {
      told: readTold(element, [
        ...Object.entries(manifest.told).filter(([key]) => discovered.has(key)),
        ...told,
      ]),
      tokens: tokens === undefined ? undefined : readTokens(tokens),
      secrets: manifest.secrets,
    },
    triedLater: isMoved && !isDraft,
    warnings: [...manifest.warnings, ...findDifferences(manifest, version)],
  }
}

/** What is a certificate here has to have been one there. */
function readSecret(element: Element, key: string, secret: string): string {
  const isFile = element.entries.some((entry) => entry.key === key && entry.type === 'certificate')
  if (isFile) readSealed(SealedFile, secret)
  return asGiven(element, key, secret)
}

/** What the vendor told there is held to what it may tell here. */
function readTold({ entries }: Element, told: [key: string, value: string][]): Values {
  const invalid = told.flatMap(([key, value]) => {
    const reason = findValueFault(entries.find((entry) => entry.key === key)!, value, value)
    return reason ? [{ key, reason }] : []
  })
  if (invalid.length > 0) throw refuseConfiguration({ missing: [], invalid, unknown: [] })
  return new Map(told)
}

function readTokens(sealed: string): Tokens {
  const { tokenSecret, ...tokens } = readSealed(SealedTokens, sealed)
  const { expiresAt } = tokens
  if (expiresAt !== null && Number.isNaN(Date.parse(expiresAt))) throw altered()
  return { ...tokens, ...(tokenSecret !== undefined && { tokenSecret }) }
}

function findDifferences({ element, tokens }: Manifest, version: string): Manifest['warnings'] {
  const differences: Manifest['warnings'] = []
  if (element.version !== version) {
    const message = `"${element.key}" has another version here than where the instance is from; it was checked against the one here`
    differences.push({ key: 'element', message })
  }
  if (tokens === 'left') {
    const message = 'stayed where they were: it is a draft here until it is connected anew'
    differences.push({ key: 'tokens', message })
  }
  return differences
}

/** What somebody consents to can be obtained anew; a refresh token that was brought along cannot. */
function requireConnectable(element: Element, type: string) {
  const authentication = element.authentications.find((one) => keyOf(one) === type)
  if (!authentication || needsConsent(authentication)) return
  throw new Refusal(
    'reconnect-required',
    `The refresh token of the instance stayed where it was, and ${element.name} is not connected without one. Export it with "tokens": "move", or provision it here with a refresh token of its own.`,
  )
}

function appFor(
  { oauthApps }: ImportAsked,
  { id, name, clientId }: NonNullable<Manifest['oauthApp']>,
): number {
  const here = oauthApps.get(id)
  if (here !== undefined) return here
  throw new Refusal(
    'oauth-app-not-found',
    `The instance uses the app profile ${id} ("${name}", client id ${clientId}) where it comes from. Say which one that is here with ?oauthApps=${id}:<its id here>; POST /oauth-apps makes one.`,
  )
}

async function settleCertificates(
  asked: ImportAsked,
  manifest: Manifest,
  sealed: SealedSecrets,
): Promise<Record<string, Scalar>> {
  const named: Record<string, Scalar> = {}
  for (const { entry, ...told } of manifest.certificates) {
    const moved = { ...told, ...sealed.certificates[entry]! }
    named[entry] = await asked.certificates.settle(asked, moved)
  }
  return named
}
