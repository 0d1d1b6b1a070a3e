import type pg from 'pg'
import { clientTransaction, type Db, prepared } from '../database/database.ts'
import type { Scalar, Warning } from '../definition/configuration.ts'
import { tokenEntry } from '../vault/token.ts'
import type { Sealed } from '../vault/vault.ts'
import { insertStatement } from './insert-statement.ts'
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
  /** Until then its calls are kept. */
  callLogUntil?: Date | null
}

/** Those of a record, its times, and what else is known of an instance. */
export const instanceColumns = `i.organization_id as "organizationId", i.id, i.user_id as "userId",
  i.element_id as "elementId", i.element_version as "elementVersion", i.name, i.tags,
  i.configuration, i.authentication_type as "authenticationType", i.settings, i.warnings,
  i.external_id as "externalId", i.external_authentication as "externalAuthentication",
  i.state, i.state_reason as "stateReason", i.oauth_app_id as "oauthAppId", i.disabled,
  i.revision, i.created_at as "createdAt", i.updated_at as "updatedAt",
  i.state_since as "stateSince", i.verified_at as "verifiedAt", i.last_check as "lastCheck",
  i.call_log_until as "callLogUntil"`

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
    /** What else is committed with it. */
    alongside?: ((client: pg.PoolClient) => Promise<void>) | undefined
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
  const { alongside } = given
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
  ]
  if (claim) {
    const { route, key, holder, sealed, dataKeyId, keptSeconds, at } = claim
    values.push(route, key, holder, sealed, dataKeyId, keptSeconds, at)
  }
  if (connectSessionId !== undefined) values.push(connectSessionId)
  const extras = {
    certificates: certificateIds.length > 0,
    tokens: secrets.some(({ entry }) => entry === tokensEntry),
  }
  if (extras.certificates) values.push(certificateIds)
  if (extras.tokens) values.push(tokens?.lifeSeconds ?? null)
  const condition = claim ? 'claimed' : connectSessionId === undefined ? 'none' : 'connected'
  const statement = insertStatement(condition, extras)
  const insert = async (
    queries: Pick<pg.PoolClient, 'query'>,
  ): Promise<InstanceTimes | undefined> => {
    const [stored] = await prepared<{ at: Date }>(queries, statement, values)
    if (!stored) return undefined
    const { at } = stored
    const verifiedAt = record.state === 'verified' ? at : null
    return { createdAt: at, updatedAt: at, stateSince: at, verifiedAt }
  }
  if (!tokens && !alongside) return insert(db.pool)
  return clientTransaction(db, async (client) => {
    const times = await insert(client)
    if (times) await tokens?.alongside(client)
    if (times) await alongside?.(client)
    return times
  })
}

/**
 * Which secrets are of the one owner that the parameter names, and of the organization `$1`. Owners
 * are called what nothing else in the installation is called: an index of the hashes of their names
 * leads to them in as many reads however many there are. The sum keeps the planner from the primary
 * key, which has a level more with every few hundred times as many.
 */
export function secretsOf(owner: `$${number}`): string {
  return `secrets where owner = ${owner} and organization_id + 0 = $1`
}

const findStatement = {
  name: 'find-instance',
  text: `
    select ${instanceColumns},
      (select json_agg(s) from (
        select entry, secret_version as "secretVersion", origins,
          case when entry = $4 then sealed end as sealed
        from ${secretsOf('$5')} order by secret_version desc
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
