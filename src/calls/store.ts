import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../database/database.ts'

export type Queries = Pick<Db, 'kysely'>

export interface CallKey {
  organizationId: number
  id: number
}

/** Those of one instance are sent one after the other, or a few at a time. */
export interface Lane {
  organizationId: number
  instanceId: number
}

export type CallState = 'waiting' | 'sending' | 'done' | 'failed' | 'cancelled'

export interface StoredCall extends CallKey, Lane {
  userId: number
  method: string
  size: number
  state: CallState
  attempts: number
  nextAt: Date
  claims: number
  status: number | null
  code: string | null
  message: string | null
  createdAt: Date
  finishedAt: Date | null
  expiresAt: Date | null
}

export const columns = sql`calls.organization_id as "organizationId", calls.id,
  calls.instance_id as "instanceId", calls.user_id as "userId", calls.method, calls.size,
  calls.state, calls.attempts, calls.next_at as "nextAt", calls.claims, calls.status, calls.code,
  calls.message, calls.created_at as "createdAt", calls.finished_at as "finishedAt",
  calls.expires_at as "expiresAt"`

const isKept = sql`(expires_at is null or expires_at > now())`

export async function nextCallId({ kysely }: Queries): Promise<number> {
  const { rows } = await sql<{ id: number }>`select nextval('calls_id_seq') as id`.execute(kysely)
  return rows[0]!.id
}

export async function insertCall(
  { kysely }: Queries,
  call: Pick<StoredCall, 'organizationId' | 'id' | 'instanceId' | 'userId' | 'method' | 'size'>,
): Promise<StoredCall> {
  const { organizationId, id, instanceId, userId, method, size } = call
  const { rows } = await sql<StoredCall>`
    insert into calls (organization_id, id, instance_id, user_id, method, size)
    values (${organizationId}, ${id}, ${instanceId}, ${userId}, ${method}, ${size})
    returning ${columns}`.execute(kysely)
  return rows[0]!
}

/** Undefined where it is not the user's, or no longer kept. */
export async function findCall(
  { kysely }: Queries,
  { organizationId, id, userId }: CallKey & { userId: number },
): Promise<StoredCall | undefined> {
  const { rows } = await sql<StoredCall>`
    select ${columns} from calls
    where organization_id = ${organizationId} and id = ${id} and user_id = ${userId} and ${isKept}
  `.execute(kysely)
  return rows[0]
}

/** The newest first. */
export async function listCalls(
  { kysely }: Queries,
  asked: {
    organizationId: number
    userId: number
    instanceId: number | undefined
    state: CallState | undefined
    before: number
    limit: number
  },
): Promise<StoredCall[]> {
  const { organizationId, userId, instanceId, state, before, limit } = asked
  const { rows } = await sql<StoredCall>`
    select ${columns} from calls
    where organization_id = ${organizationId} and user_id = ${userId} and ${isKept}
      ${before > 0 ? sql`and id < ${before}` : sql``}
      ${instanceId === undefined ? sql`` : sql`and instance_id = ${instanceId}`}
      ${state === undefined ? sql`` : sql`and state = ${state}`}
    order by id desc limit ${limit}`.execute(kysely)
  return rows
}

/** Calls that wait or are being sent, and the bytes of their bodies. */
export interface Amount {
  count: number
  bytes: number
}

/** How many of an instance are ahead of a call, with itself; `most` at most. */
export async function countAhead(
  { kysely }: Queries,
  { organizationId, instanceId, id }: CallKey & Lane,
  most: number,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (
      select from calls
      where organization_id = ${organizationId} and instance_id = ${instanceId}
        and state in ('waiting', 'sending') and id <= ${id}
      limit ${most}
    ) ahead`.execute(kysely)
  return rows[0]!.count
}

/** Of an instance, and of all of its organization; `most` at most. */
export async function countKept(
  { kysely }: Queries,
  { organizationId, instanceId }: Lane,
  { most }: { most: number },
): Promise<{ ofInstance: Amount; ofAll: Amount }> {
  const { rows } = await sql<Amount & { ownCount: number; ownBytes: number }>`
    select count(*)::int as count, coalesce(sum(size), 0)::bigint as bytes,
      count(*) filter (where instance_id = ${instanceId})::int as "ownCount",
      coalesce(sum(size) filter (where instance_id = ${instanceId}), 0)::bigint as "ownBytes"
    from (
      select instance_id, size from calls
      where organization_id = ${organizationId} and state in ('waiting', 'sending')
      limit ${most}
    ) kept`.execute(kysely)
  const { count, bytes, ownCount, ownBytes } = rows[0]!
  return { ofInstance: { count: ownCount, bytes: ownBytes }, ofAll: { count, bytes } }
}

/**
 * Also one that is being tried, as long as none of its bytes may be on their way: whoever tries it
 * asks before it sends the first.
 * @returns the call; undefined where it is too late for that, or it is not the user's
 */
export async function cancelWaiting(
  { kysely }: Queries,
  { organizationId, id, userId }: CallKey & { userId: number },
): Promise<StoredCall | undefined> {
  const { rows } = await sql<StoredCall>`
    update calls set state = 'cancelled', leased_until = null, finished_at = now(),
      expires_at = now() + interval '24 hours'
    where organization_id = ${organizationId} and id = ${id} and user_id = ${userId}
      and (state = 'waiting' or state = 'sending' and on_its_way = false)
    returning ${columns}`.execute(kysely)
  return rows[0]
}

/** Whether its user may still call. */
export async function mayStillCall(
  { kysely }: Queries,
  { organizationId, userId }: Pick<StoredCall, 'organizationId' | 'userId'>,
): Promise<boolean> {
  const { rows } = await activeUser(organizationId, sql`${userId}`).execute(kysely)
  return rows.length > 0
}

/** A row where the user may call. */
export function activeUser(organizationId: number, userId: RawBuilder<unknown>) {
  return sql`
    select from users u
    join accounts a on a.organization_id = u.organization_id and a.id = u.account_id
    join organizations o on o.organization_id = u.organization_id
    where u.organization_id = ${organizationId} and u.id = ${userId} and u.active and a.active
      and o.disabled_at is null`
}
