import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'
import type { Sealed } from '../vault/vault.ts'

/** Under which stands what has to be known when the consent comes back. */
export const consentEntry = '$consent'

export function ownerOf(authorizationId: number): string {
  return `authorization/${authorizationId}`
}

/** A consent that was asked for and has not come back. */
export interface PendingRecord {
  organizationId: number
  id: number
  userId: number
  elementId: number
  authenticationType: string
  callbackUrl: string
  oauthAppId: number | null
  instanceId: number | null
  connectSessionId: number | null
  browserHash: Buffer | null
}

/**
 * Of one user and element, the oldest goes beyond so many: a user may be an application, whose
 * customers all ask at once.
 */
const maxPending = 1000

const insertStatement = {
  name: 'insert-authorization',
  text: `
    with surplus as (
      delete from authorizations where organization_id = $1 and id in (
        select id from authorizations
        where organization_id = $1 and user_id = $5 and element_id = $6
          and connect_session_id is not distinct from $12
        order by created_at desc, id desc offset ${maxPending - 1}
      )
    ), pending as (
      insert into authorizations (organization_id, id, state_hash, pepper_id, user_id, element_id,
        element_version, authentication_type, callback_url, oauth_app_id, instance_id,
        connect_session_id, browser_hash, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
        now() + make_interval(secs => $14))
      returning expires_at
    ), sealed as (
      insert into secrets (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
      select $1, $15, '${consentEntry}', 1, $16::text[], $17, $18 from pending
    )
    select expires_at as "expiresAt" from pending`,
}

/** The row and its secret; answers when it expires. */
export async function insertPending(
  { pool }: Pick<Db, 'pool'>,
  record: PendingRecord & {
    state: { hash: Buffer; pepperId: number }
    elementVersion: string
    lifetimeSeconds: number
    secret: Sealed & { origins: string[] }
  },
): Promise<Date> {
  const [row] = await prepared<{ expiresAt: Date }>(pool, insertStatement, [
    record.organizationId,
    record.id,
    record.state.hash,
    record.state.pepperId,
    record.userId,
    record.elementId,
    record.elementVersion,
    record.authenticationType,
    record.callbackUrl,
    record.oauthAppId,
    record.instanceId,
    record.connectSessionId,
    record.browserHash,
    record.lifetimeSeconds,
    ownerOf(record.id),
    record.secret.origins,
    record.secret.dataKeyId,
    record.secret.sealed,
  ])
  return row!.expiresAt
}

/** Of a row `a`. */
export const pendingColumns = `a.organization_id as "organizationId", a.id, a.user_id as "userId",
  a.element_id as "elementId", a.authentication_type as "authenticationType",
  a.callback_url as "callbackUrl", a.oauth_app_id as "oauthAppId", a.instance_id as "instanceId",
  a.connect_session_id as "connectSessionId", a.browser_hash as "browserHash"`

const findStatement = {
  name: 'find-authorization',
  text: `
    select ${pendingColumns} from authorizations a
    where a.organization_id = $1 and a.state_hash = any($2::bytea[]) and a.expires_at > now()
    order by a.created_at desc, a.id desc limit 1`,
}

/** By its state alone. */
export async function findPending(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, stateHashes }: { organizationId: number; stateHashes: Buffer[] },
): Promise<PendingRecord | undefined> {
  const values = [organizationId, stateHashes]
  const [row] = await prepared<PendingRecord & pg.QueryResultRow>(pool, findStatement, values)
  return row
}

const takeStatement = {
  name: 'take-authorization',
  text: `delete from authorizations
    where organization_id = $1 and id = $2 and expires_at > now() returning id`,
}

/** Whether it was still there; its secret goes with it. */
export async function takePending(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, id }: { organizationId: number; id: number },
): Promise<boolean> {
  return (await prepared(pool, takeStatement, [organizationId, id])).length > 0
}

const sweepStatement = {
  name: 'sweep-authorizations',
  text: `
    delete from authorizations using (
      select id from authorizations
      where organization_id = $1 and expires_at < now()
      order by expires_at limit $2 for update skip locked
    ) expired
    where organization_id = $1 and authorizations.id = expired.id`,
}

/** Removes what has expired, at most `limit` at once. */
export async function sweepPending(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, limit }: { organizationId: number; limit: number },
) {
  await prepared(pool, sweepStatement, [organizationId, limit])
}
