import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

type Queries = Pick<Db, 'kysely'>

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

const columns = sql`calls.organization_id as "organizationId", calls.id,
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

/** How many of an instance wait or are being sent, and the bytes of their bodies; `most` at most. */
export async function countWaiting(
  { kysely }: Queries,
  { organizationId, instanceId }: Lane,
  { upTo, most }: { upTo?: number; most: number },
): Promise<{ count: number; bytes: number }> {
  const { rows } = await sql<{ count: number; bytes: number }>`
    select count(*)::int as count, coalesce(sum(size), 0)::bigint as bytes from (
      select size from calls
      where organization_id = ${organizationId} and instance_id = ${instanceId}
        and state in ('waiting', 'sending') ${upTo === undefined ? sql`` : sql`and id <= ${upTo}`}
      limit ${most}
    ) ahead`.execute(kysely)
  return rows[0]!
}

/**
 * Takes the next of an instance for so many seconds, also one whose sender has died. None where the
 * first that waits is not due yet, or `atOnce` are being sent.
 */
export async function claimNext(
  { kysely }: Queries,
  { organizationId, instanceId }: Lane,
  { leaseSeconds, atOnce }: { leaseSeconds: number; atOnce: number },
): Promise<StoredCall | undefined> {
  const { rows } = await sql<StoredCall>`
    with first as (
      select id, next_at from calls
      where organization_id = ${organizationId} and instance_id = ${instanceId}
        and (state = 'waiting' or state = 'sending' and leased_until <= now())
      order by id limit 1 for update skip locked
    )
    update calls set state = 'sending', claims = claims + 1,
      leased_until = now() + make_interval(secs => ${leaseSeconds})
    from first
    where calls.organization_id = ${organizationId} and calls.id = first.id
      and first.next_at <= now() and ${atOnce} > (
        select count(*) from calls
        where organization_id = ${organizationId} and instance_id = ${instanceId}
          and state = 'sending' and leased_until > now())
    returning ${columns}`.execute(kysely)
  return rows[0]
}

/**
 * Seconds until it is worth a look what of an instance can be sent; undefined where nothing waits.
 * Where some are being sent, whoever sends them goes on by itself, if it does not die.
 */
export async function findNextLook(
  { kysely }: Queries,
  { organizationId, instanceId }: Lane,
): Promise<number | undefined> {
  const { rows } = await sql<{ seconds: number | null }>`
    select extract(epoch from coalesce(
      max(leased_until) filter (where state = 'sending' and leased_until > now()),
      (array_agg(next_at order by id))[1]) - now())::float8 as seconds
    from (
      select id, state, leased_until, next_at from calls
      where organization_id = ${organizationId} and instance_id = ${instanceId}
        and state in ('waiting', 'sending')
      order by id limit 100
    ) first`.execute(kysely)
  const seconds = rows[0]?.seconds
  return seconds === null || seconds === undefined ? undefined : Math.max(0, seconds)
}

/** They are still being sent. */
export async function extendLeases(
  { kysely }: Queries,
  calls: readonly StoredCall[],
  leaseSeconds: number,
) {
  const [first] = calls
  if (!first) return
  const ids = calls.map(({ id }) => id)
  const claims = calls.map(({ claims }) => claims)
  // What somebody else holds is being ended: to wait for it while others are held is to block it.
  await sql`
    with held as (
      select organization_id, calls.id from calls
      join unnest(${ids}::bigint[], ${claims}::int[]) as own (id, claims)
        on calls.id = own.id and calls.claims = own.claims
      where organization_id = ${first.organizationId} and state = 'sending'
      for update of calls skip locked
    )
    update calls set leased_until = now() + make_interval(secs => ${leaseSeconds})
    from held
    where calls.organization_id = held.organization_id and calls.id = held.id`.execute(kysely)
}

/** Whether it is still sent by whoever has claimed it: not cancelled, nor taken over. */
export async function isHeld(
  { kysely }: Queries,
  { organizationId, id, claims }: StoredCall,
): Promise<boolean> {
  const { rows } = await sql`
    select from calls where organization_id = ${organizationId} and id = ${id}
      and claims = ${claims} and state = 'sending'`.execute(kysely)
  return rows.length > 0
}

/**
 * Puts a call that was claimed back to its place.
 * @param tried whether the vendor was asked, or was not to be reached
 */
export async function putBack(
  { kysely }: Queries,
  { organizationId, id, claims }: StoredCall,
  { inSeconds, tried }: { inSeconds: number; tried: boolean },
) {
  await sql`
    update calls set state = 'waiting', leased_until = null,
      next_at = now() + make_interval(secs => ${inSeconds}),
      attempts = attempts + ${tried ? 1 : 0}
    where organization_id = ${organizationId} and id = ${id} and claims = ${claims}
      and state = 'sending'`.execute(kysely)
}

export interface Outcome {
  state: 'done' | 'failed'
  status: number | null
  code: string | null
  message: string | null
}

/**
 * Before a call ends: whoever deletes its instance, or gives it away, holds the instance first and
 * the calls after it, and each would wait for the other.
 */
export async function holdInstance({ kysely }: Queries, { organizationId, instanceId }: Lane) {
  await sql`
    select from instances where organization_id = ${organizationId} and id = ${instanceId}
    for no key update`.execute(kysely)
}

/** @returns false where another has claimed it meanwhile, or it was cancelled */
export async function finishCall(
  { kysely }: Queries,
  { organizationId, id, claims }: StoredCall,
  { state, status, code, message }: Outcome,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update calls set state = ${state}, status = ${status}, code = ${code}, message = ${message},
      attempts = attempts + ${status === null ? 0 : 1}, leased_until = null, finished_at = now(),
      expires_at = now() + interval '24 hours'
    where organization_id = ${organizationId} and id = ${id} and claims = ${claims}
      and state = 'sending'`.execute(kysely)
  return numAffectedRows === 1n
}

/** @returns the call; undefined where it does not wait, or is not the user's */
export async function cancelWaiting(
  { kysely }: Queries,
  { organizationId, id, userId }: CallKey & { userId: number },
): Promise<StoredCall | undefined> {
  const { rows } = await sql<StoredCall>`
    update calls set state = 'cancelled', finished_at = now(),
      expires_at = now() + interval '24 hours'
    where organization_id = ${organizationId} and id = ${id} and user_id = ${userId}
      and state = 'waiting'
    returning ${columns}`.execute(kysely)
  return rows[0]
}

/** Whether its user may still call. */
export async function mayStillCall(
  { kysely }: Queries,
  { organizationId, userId }: Pick<StoredCall, 'organizationId' | 'userId'>,
): Promise<boolean> {
  const { rows } = await sql`
    select from users u
    join accounts a on a.organization_id = u.organization_id and a.id = u.account_id
    join organizations o on o.organization_id = u.organization_id
    where u.organization_id = ${organizationId} and u.id = ${userId} and u.active and a.active
      and o.disabled_at is null`.execute(kysely)
  return rows.length > 0
}
