import { keyOf } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { Refusal } from '../http/errors.ts'
import { originsOf } from '../probe/request.ts'
import { entriesOf, findDifferences } from './change-differences.ts'
import { type GivenChange, sortChange } from './change-given.ts'
import { type Proof, proveChange } from './change-proof.ts'
import type { ChangeRequest } from './change-request.ts'
import { sealChanges } from './change-secrets.ts'
import type { ChangedConnection } from './change-store.ts'
import type { StoredRow } from './connection-store.ts'
import { type GivenCredentials, readCredentials } from './credentials.ts'
import { findStrangers } from './request.ts'
import type { ElementInstanceRequest, Settings } from './schema.ts'
import type { InstanceRecord } from './store.ts'
import { nextLife } from './token-life.ts'
import { type Tokens, tokenSecrets, tokensEntry } from './tokens.ts'
import { draft } from './verify.ts'

/** Another way to connect, ready to be stored. */
export interface NewConnection {
  record: Pick<
    InstanceRecord,
    | 'configuration'
    | 'authenticationType'
    | 'oauthAppId'
    | 'externalAuthentication'
    | 'warnings'
    | 'state'
    | 'stateReason'
  >
  /** What of it is stored beside the record, by what is stored of the instance now. */
  seal(row: StoredRow): Promise<ChangedConnection>
  /** Whether the vendor was asked. */
  proved: boolean
  /** What of the request's members makes a difference. */
  members: string[]
  /** The entries that have other values. */
  entries: string[]
  /** Whether it used up a consent or a refresh token, so that it cannot be done again. */
  spent: boolean
}

/**
 * Reads what a change makes of how an instance connects, and tries that at the vendor. Until it is
 * stored, and where it ends in a refusal, the instance connects as before.
 * @returns undefined where the tokens were renewed meanwhile: to be done with those
 * @throws {Refusal} as provisioning does, and `secrets-required`
 */
export async function connectAnew(
  context: Context,
  request: ChangeRequest,
  row: StoredRow,
  element: Element,
  settings: Settings,
): Promise<NewConnection | undefined> {
  const { principal, requestId, body, connect } = request
  const isDraft = row.state === 'draft'
  if (!isDraft && body.verify === false) throw notDraft()
  const isProving = !isDraft || body.verify === true || body.providerData !== undefined
  const change = sortChange(element, row, body, request.manner)
  const asked: ElementInstanceRequest = { ...change.body, settings, verify: isProving }
  const reading = { principal, requestId, body: asked, beneath: change.beneath, connect }
  const given = await readCredentials(context, reading, element)
  const closed = new Set(change.closed.map(({ entry }) => entry))
  const entries = findDifferences(element, row, given, closed)
  const members = findOtherMembers(row, asked, given)

  const own = entries.filter((key) => element.entries.some((entry) => entry.key === key))
  const isOther = members.length > 0 || own.length > 0
  let proof: Proof | undefined
  if (isProving && (isDraft || isOther || asksVendor(request, change, element))) {
    const login = entriesOf(element, given.credentials.authentication)
    const isSameLogin = members.length === 0 && !own.some((key) => login.has(key))
    proof = await proveChange(context, request, row, given, isSameLogin)
    if (!proof) return undefined
  }
  const outcome = proof ?? unasked(row)
  if (outcome.reused) closed.add(tokensEntry)
  return {
    ...describe(row, change, given, outcome, body),
    seal: (current) => storable(context, current, given, outcome, closed),
    proved: outcome.asked,
    members,
    entries,
    spent: given.consent !== undefined || usesUp(given, outcome),
  }
}

/** Whether a login replaced a refresh token that is kept: it may be good for nothing any more. */
function usesUp({ credentials: { authentication } }: GivenCredentials, { session }: Proof) {
  const isRefresh = authentication.type === 'oauth2' && authentication.grant === 'refreshToken'
  return isRefresh && session !== undefined
}

/** What else makes it another connection than before. */
function findOtherMembers(
  row: StoredRow,
  { externalAuthentication = 'none' }: ElementInstanceRequest,
  { credentials, app, consent }: GivenCredentials,
): string[] {
  const others = {
    authentication:
      keyOf(credentials.authentication) !== row.authenticationType ||
      (app?.id ?? null) !== row.oauthAppId,
    externalAuthentication: externalAuthentication !== row.externalAuthentication,
    providerData: consent !== undefined,
  }
  return Object.entries(others).flatMap(([name, isOther]) => (isOther ? [name] : []))
}

/** Whether the request means the vendor to be asked, also where nothing is another value. */
function asksVendor(
  { reAuthenticate, manner, body }: ChangeRequest,
  { body: { configuration = {} } }: GivenChange,
  { entries }: Element,
): boolean {
  if (!reAuthenticate) return false
  if (manner === 'replace') return true
  if (body.authentication || body.externalAuthentication || body.verify) return true
  const own = new Set(entries.flatMap(({ key, aliases = [] }) => [key, ...aliases]))
  return Object.keys(configuration).some((key) => own.has(key))
}

function unasked({ state, stateReason }: StoredRow): Proof {
  const outcome = state === 'draft' ? draft : { state, stateReason, discovered: [] }
  return { ...outcome, reused: true, asked: false }
}

async function storable(
  context: Context,
  row: StoredRow,
  { credentials, configuration, certificates, opened }: GivenCredentials,
  { discovered, session }: Proof,
  closed: ReadonlySet<string>,
): Promise<ChangedConnection> {
  const { element, authentication, values, secretKeys } = credentials
  const told = new Map([...(opened?.told ?? []), ...discovered])
  const plaintexts = new Map([
    ...configuration.secrets,
    ...[...told].filter(([key]) => secretKeys.has(key)),
    ...certificates.files,
    ...tokenSecrets(authentication, values, session),
  ])
  const origins = originsOf(element, authentication, new Map([...values, ...told]))
  const before = opened?.secrets ?? new Map()
  const changes = { plaintexts, before, closed, origins }
  const { removed, added } = await sealChanges(context, element, row, changes)
  const fresh = added.find(({ entry }) => entry === tokensEntry)
  const stored = { removed, added, certificateIds: certificates.ids }
  if (!fresh) {
    const isGone = removed.some(({ entry }) => entry === tokensEntry)
    return { ...stored, ...(isGone && { tokens: null }) }
  }
  const { organizationId, id: instanceId } = row
  const key = { organizationId, instanceId, version: fresh.secretVersion }
  const obtained: Tokens = JSON.parse(plaintexts.get(tokensEntry)!)
  return { ...stored, tokens: nextLife(context.jobs, key, authentication, obtained) }
}

function describe(
  row: StoredRow,
  change: GivenChange,
  { credentials, configuration, app, opened, warnings }: GivenCredentials,
  { state, stateReason, discovered }: Proof,
  body: ChangeRequest['body'],
): Pick<NewConnection, 'record'> {
  const told = new Map([...(opened?.told ?? []), ...discovered])
  const open = [...told].filter(([key]) => !credentials.secretKeys.has(key))
  const closed = new Set(change.closed.map(({ entry }) => entry))
  return {
    record: {
      configuration: { ...configuration.plain, ...Object.fromEntries(open) },
      authenticationType: keyOf(credentials.authentication),
      oauthAppId: app?.id ?? null,
      externalAuthentication: change.body.externalAuthentication ?? 'none',
      warnings: [
        ...warnings,
        ...row.warnings.filter(({ key }) => closed.has(key)),
        ...findStrangers({ name: row.name, ...body } as ElementInstanceRequest),
      ],
      state,
      stateReason,
    },
  }
}

function notDraft(): Refusal {
  return new Refusal('body-invalid', {
    message:
      'Only drafts are changed without asking the vendor. Leave "verify" out; what is changed is proved before it is stored.',
    invalid: [{ key: 'verify', reason: 'must not be false: the instance is no draft' }],
  })
}
