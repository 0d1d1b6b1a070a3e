import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'
import type { Scalar, Warning } from '../definition/configuration.ts'
import { tokenEntry } from '../vault/token.ts'
import type { Sealed } from '../vault/vault.ts'
import type { Settings } from './schema.ts'

/** An instance as it is stored, without its secrets. */
export interface InstanceRecord {
  organizationId: number
  id: number
  userId: number
  elementId: number
  elementVersion: string
  name: string
  tags: string[]
  configuration: Record<string, Scalar>
  authenticationType: string
  settings: Settings
  warnings: Warning[]
  externalId: string | null
  externalAuthentication: string
  state: 'verified' | 'unverified' | 'draft' | 'failed' | 'expiring' | 'disabled'
  stateReason: string | null
}

export interface SealedEntry extends Sealed {
  entry: string
  origins: readonly string[]
}

export interface InstanceTimes {
  createdAt: Date
  updatedAt: Date
  stateSince: Date
  verifiedAt: Date | null
}

const timesColumns = `created_at as "createdAt", updated_at as "updatedAt",
  state_since as "stateSince", verified_at as "verifiedAt"`

/** With a claim, only what its holder still holds is stored, and the answer is kept with it. */
const insertText = (claimed: boolean, certificates: boolean) => `
    with ${claimed ? completeClaim : ''} instance as (
      insert into instances (organization_id, id, user_id, element_id, element_version, name, tags,
        configuration, authentication_type, settings, warnings, external_id,
        external_authentication, state, state_reason, created_at, updated_at, state_since,
        verified_at)
      select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, at, at, at,
        case when $14 = 'verified' then at end
      from ${claimed ? 'claim' : '(select now() as at) clock'}
      returning ${timesColumns}
    ), sealed as (
      insert into secrets (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
      select $1, $16, entry, 1, string_to_array(origins, ' '), data_key_id, sealed
      from unnest($17::text[], $18::text[], $19::integer[], $20::text[])
        as given (entry, origins, data_key_id, sealed), instance
    ), token as (
      insert into instance_tokens (organization_id, hash, pepper_id, instance_id)
      select $1, $21, $22, $2 from instance
    ), ${
      certificates
        ? `certificate_use as (
      insert into certificate_uses (organization_id, certificate_id, instance_id)
      select distinct $1::bigint, given.id, $2::bigint
      from unnest($${claimed ? 32 : 25}::bigint[]) as given (id), instance
    ),`
        : ''
    } audit as (
      insert into audit_entries
        (organization_id, user_id, action, instance_id, request_id, address)
      select $1, $3, 'instance.created', $2, $23, $24 from instance
    )
    select * from instance`

const completeClaim = `claim as (
      update idempotency_claims
      set sealed = $28, data_key_id = $29, expires_at = now() + make_interval(secs => $30)
      where organization_id = $1 and user_id = $3 and route = $25 and key = $26 and holder = $27
      returning $31::timestamptz as at
    ),`

const insertStatement = (claimed: boolean, certificates: boolean) => ({
  name: `insert-instance${claimed ? '-claimed' : ''}${certificates ? '-certificates' : ''}`,
  text: insertText(claimed, certificates),
})
const insertStatements = [false, true].map((claimed) =>
  [false, true].map((certificates) => insertStatement(claimed, certificates)),
)

/** What keeps an answer together with what it answers. */
export interface ClaimCompletion extends Sealed {
  route: string
  key: string
  holder: string
  keptSeconds: number
  /** The time that the answer states. */
  at: Date
}

/**
 * Instance, sealed secrets, token and audit entry: all of them or none, in one round trip.
 * Undefined where the claim is no longer the holder's.
 */
export async function insertInstance(
  { pool }: Pick<Db, 'pool'>,
  given: {
    record: InstanceRecord
    secrets: SealedEntry[]
    /** Those that it presents: none of them can be deleted while it is there. */
    certificateIds: readonly number[]
    token: { hash: Buffer; pepperId: number }
    requestId: string
    address: string
    claim?: ClaimCompletion | undefined
  },
): Promise<InstanceTimes | undefined> {
  const { record, secrets, certificateIds, token, claim } = given
  const values: unknown[] = [
    record.organizationId,
    record.id,
    record.userId,
    record.elementId,
    record.elementVersion,
    record.name,
    record.tags,
    JSON.stringify(record.configuration),
    record.authenticationType,
    JSON.stringify(record.settings),
    JSON.stringify(record.warnings),
    record.externalId,
    record.externalAuthentication,
    record.state,
    record.stateReason,
    ownerOf(record.id),
    secrets.map((secret) => secret.entry),
    secrets.map((secret) => secret.origins.join(' ')),
    secrets.map((secret) => secret.dataKeyId),
    secrets.map((secret) => secret.sealed),
    token.hash,
    token.pepperId,
    given.requestId,
    given.address,
  ]
  if (claim) {
    const { route, key, holder, sealed, dataKeyId, keptSeconds, at } = claim
    values.push(route, key, holder, sealed, dataKeyId, keptSeconds, at)
  }
  if (certificateIds.length > 0) values.push(certificateIds)
  const statement = insertStatements[claim ? 1 : 0]![certificateIds.length > 0 ? 1 : 0]!
  const [times] = await prepared<InstanceTimes & pg.QueryResultRow>(pool, statement, values)
  return times
}

const findStatement = {
  name: 'find-instance',
  text: `
    select i.organization_id as "organizationId", i.id, i.user_id as "userId",
      i.element_id as "elementId", i.element_version as "elementVersion", i.name, i.tags,
      i.configuration, i.authentication_type as "authenticationType", i.settings, i.warnings,
      i.external_id as "externalId", i.external_authentication as "externalAuthentication",
      i.state, i.state_reason as "stateReason", i.disabled, i.revision, ${timesColumns},
      (select json_agg(s) from (
        select entry, secret_version as "secretVersion", origins,
          case when entry = $4 then sealed end as sealed
        from secrets where organization_id = $1 and owner = $5
      ) s) as secrets
    from instances i
    where i.organization_id = $1 and i.id = $2 and i.user_id = $3`,
}

export interface FoundInstance extends InstanceRecord, InstanceTimes {
  disabled: boolean
  revision: number
  secrets: { entry: string; secretVersion: number; origins: string[]; sealed: string | null }[]
}

/** The instance of that user, with the entries of its secrets and its sealed token. */
export async function findInstance(
  { pool }: Pick<Db, 'pool'>,
  key: { organizationId: number; id: number; userId: number },
): Promise<FoundInstance | undefined> {
  const { organizationId, id, userId } = key
  const values = [organizationId, id, userId, tokenEntry, ownerOf(id)]
  const [row] = await prepared<FoundInstance & pg.QueryResultRow>(pool, findStatement, values)
  return row
}

export function ownerOf(instanceId: number): string {
  return `instance/${instanceId}`
}
