import type pg from 'pg'
import { clientTransaction, type Db, prepared } from '../database/database.ts'
import type { Scalar, Warning } from '../definition/configuration.ts'
import { tokenEntry } from '../vault/token.ts'
import type { Sealed } from '../vault/vault.ts'
import type { Settings } from './schema.ts'
import { tokensEntry } from './tokens.ts'

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
  oauthAppId: number | null
  settings: Settings
  warnings: Warning[]
  externalId: string | null
  externalAuthentication: string
  state: 'verified' | 'unverified' | 'draft' | 'failed' | 'expiring' | 'disabled'
  stateReason: string | null
}

/** What came of trying an instance in the background; nobody has proved it since. */
export interface LastCheck {
  /** `verified`, or why not. */
  verdict: string
  /** ISO 8601. */
  at: string
  /** For people; null where all is well. */
  message: string | null
  /** How often in a row it was other than `verified`. */
  times: number
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
  /** Left out: there was none. */
  lastCheck?: LastCheck | null
}

const timesColumns = `created_at as "createdAt", updated_at as "updatedAt",
  state_since as "stateSince", verified_at as "verifiedAt"`

/** Those of a record, its times, and what else is known of an instance. */
export const instanceColumns = `i.organization_id as "organizationId", i.id, i.user_id as "userId",
  i.element_id as "elementId", i.element_version as "elementVersion", i.name, i.tags,
  i.configuration, i.authentication_type as "authenticationType", i.settings, i.warnings,
  i.external_id as "externalId", i.external_authentication as "externalAuthentication",
  i.state, i.state_reason as "stateReason", i.oauth_app_id as "oauthAppId", i.disabled,
  i.revision, i.created_at as "createdAt", i.updated_at as "updatedAt",
  i.state_since as "stateSince", i.verified_at as "verifiedAt", i.last_check as "lastCheck"`

/** What has to hold at the moment of storing, and is written with it. */
type Condition = 'none' | 'claimed' | 'connected'

const conditions: Record<Condition, { text: string; from: string; values: number }> = {
  none: { text: '', from: '(select now() as at) clock', values: 0 },
  // Only what its holder still holds is stored, and the answer is kept with it.
  claimed: {
    text: `claim as (
      update idempotency_claims
      set sealed = $30, data_key_id = $31, expires_at = now() + make_interval(secs => $32)
      where organization_id = $1 and user_id = $3 and route = $27 and key = $28 and holder = $29
      returning $33::timestamptz as at
    ),`,
    from: 'claim',
    values: 7,
  },
  // What ends with it is still open, and so are those in whose name it works.
  connected: {
    text: `connected as (
      update connect_sessions
      set status = 'succeeded', status_reason = null, element_id = $4, instance_id = $2,
        finished_at = now()
      from users u, accounts a, organizations o
      where connect_sessions.organization_id = $1 and connect_sessions.id = $27
        and connect_sessions.user_id = $3 and connect_sessions.status = 'opened'
        and connect_sessions.expires_at > now()
        and u.organization_id = $1 and u.id = $3 and u.active
        and a.organization_id = $1 and a.id = u.account_id and a.active
        and o.organization_id = $1 and o.disabled_at is null
      returning now() as at
    ),`,
    from: 'connected',
    values: 1,
  },
}

const insertText = (condition: Condition, certificates: boolean) => `
    with ${conditions[condition].text} instance as (
      insert into instances (organization_id, id, user_id, element_id, element_version, name, tags,
        configuration, authentication_type, settings, warnings, external_id,
        external_authentication, state, state_reason, oauth_app_id, created_at, updated_at,
        state_since, verified_at)
      select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $25, at, at, at,
        case when $14 = 'verified' then at end
      from ${conditions[condition].from}
      returning ${timesColumns}
    ), sealed as (
      insert into secrets (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
      select $1, $16, entry, 1, string_to_array(origins, ' '), data_key_id, sealed
      from unnest($17::text[], $18::text[], $19::integer[], $20::text[])
        as given (entry, origins, data_key_id, sealed), instance
      returning entry
    ), tokens as (
      insert into oauth_tokens (organization_id, instance_id, expires_at)
      select $1, $2, now() + make_interval(secs => $26::float8) from sealed
      where entry = '${tokensEntry}'
    ), token as (
      insert into instance_tokens (organization_id, hash, pepper_id, instance_id)
      select $1, $21, $22, $2 from instance
    ), ${
      certificates
        ? `certificate_use as (
      insert into certificate_uses (organization_id, certificate_id, instance_id)
      select distinct $1::bigint, given.id, $2::bigint
      from unnest($${27 + conditions[condition].values}::bigint[]) as given (id), instance
    ),`
        : ''
    } audit as (
      insert into audit_entries
        (organization_id, user_id, action, instance_id, request_id, address)
      select $1, $3, 'instance.created', $2, $23, $24 from instance
    )
    select * from instance`

const insertStatements = (['none', 'claimed', 'connected'] as const).flatMap((condition) =>
  [false, true].map((certificates) => ({
    condition,
    certificates,
    name: `insert-instance-${condition}${certificates ? '-certificates' : ''}`,
    text: insertText(condition, certificates),
  })),
)

function insertStatement(condition: Condition, certificates: boolean) {
  const { name, text } = insertStatements.find(
    (one) => one.condition === condition && one.certificates === certificates,
  )!
  return { name, text }
}

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
 * Undefined where the claim is no longer the holder's, or the connect session is over.
 */
export async function insertInstance(
  db: Pick<Db, 'pool'>,
  given: {
    record: InstanceRecord
    secrets: SealedEntry[]
    /** Those that it presents: none of them can be deleted while it is there. */
    certificateIds: readonly number[]
    token: { hash: Buffer; pepperId: number }
    requestId: string
    address: string
    claim?: ClaimCompletion | undefined
    /** The one that ends with it; never with a claim. */
    connectSessionId?: number | undefined
    /** For tokens of an OAuth vendor. */
    tokens?:
      | {
          /** Null where they have no end. */
          lifeSeconds: number | null
          /** What is committed together with them. */
          alongside(client: pg.PoolClient): Promise<void>
        }
      | undefined
  },
): Promise<InstanceTimes | undefined> {
  const { record, secrets, certificateIds, token, claim, connectSessionId, tokens } = given
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
    record.oauthAppId,
    tokens?.lifeSeconds ?? null,
  ]
  if (claim) {
    const { route, key, holder, sealed, dataKeyId, keptSeconds, at } = claim
    values.push(route, key, holder, sealed, dataKeyId, keptSeconds, at)
  }
  if (connectSessionId !== undefined) values.push(connectSessionId)
  if (certificateIds.length > 0) values.push(certificateIds)
  const condition = claim ? 'claimed' : connectSessionId === undefined ? 'none' : 'connected'
  const statement = insertStatement(condition, certificateIds.length > 0)
  const insert = async (queries: Pick<pg.PoolClient, 'query'>) => {
    const rows = await prepared<InstanceTimes & pg.QueryResultRow>(queries, statement, values)
    return rows[0]
  }
  if (!tokens) return insert(db.pool)
  return clientTransaction(db, async (client) => {
    const times = await insert(client)
    if (times) await tokens.alongside(client)
    return times
  })
}

const findStatement = {
  name: 'find-instance',
  text: `
    select ${instanceColumns},
      (select json_agg(s) from (
        select entry, secret_version as "secretVersion", origins,
          case when entry = $4 then sealed end as sealed
        from secrets where organization_id = $1 and owner = $5 order by secret_version desc
      ) s) as secrets
    from instances i
    where i.organization_id = $1 and i.id = $2 and i.user_id = $3`,
}

export interface FoundInstance extends InstanceRecord, InstanceTimes {
  disabled: boolean
  revision: number
  secrets: { entry: string; secretVersion: number; origins: string[]; sealed: string | null }[]
}

/**
 * The instance of that user, with the entries of its secrets and its sealed token; of several
 * versions the newest first.
 */
export async function findInstance(
  { pool }: Pick<Db, 'pool'>,
  key: { organizationId: number; id: number; userId: number },
): Promise<FoundInstance | undefined> {
  const { organizationId, id, userId } = key
  const values = [organizationId, id, userId, tokenEntry, ownerOf(id)]
  const [row] = await prepared<FoundInstance & pg.QueryResultRow>(pool, findStatement, values)
  return row
}

/** By which an instance is found. */
export interface InstanceKey {
  organizationId: number
  id: number
}

export function ownerOf(instanceId: number): string {
  return `instance/${instanceId}`
}
