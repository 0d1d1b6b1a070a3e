import { sql } from 'kysely'
import { activeUser, columns, type Lane, type Queries, type StoredCall } from './store.ts'

/** So long a call may wait to be sent. */
export const mostDays = 7
const endOfWaiting = sql`calls.created_at + make_interval(days => ${mostDays})`

export interface Claimed extends StoredCall {
  /** It has waited for as long as a call may, and is not on its way. */
  isTooOld: boolean
}

/**
 * Takes the next of an instance for so many seconds, also one whose sender has died. None where the
 * first that waits is not due yet, or `atOnce` are being sent.
 */
export async function claimNext(
  { kysely }: Queries,
  { organizationId, instanceId }: Lane,
  { leaseSeconds, atOnce }: { leaseSeconds: number; atOnce: number },
): Promise<Claimed | undefined> {
  const { rows } = await sql<Claimed>`
    with first as (
      select id, state, on_its_way, next_at from calls
      where organization_id = ${organizationId} and instance_id = ${instanceId}
        and (state = 'waiting' or state = 'sending' and leased_until <= now())
      order by id limit 1 for update skip locked
    )
    update calls set state = 'sending', claims = claims + 1,
      on_its_way = first.state = 'sending' and first.on_its_way is distinct from false,
      leased_until = now() + make_interval(secs => ${leaseSeconds})
    from first
    where calls.organization_id = ${organizationId} and calls.id = first.id
      and first.next_at <= now() and ${atOnce} > (
        select count(*) from calls
        where organization_id = ${organizationId} and instance_id = ${instanceId}
          and state = 'sending' and leased_until > now())
    returning ${columns}, not calls.on_its_way and ${endOfWaiting} <= now() as "isTooOld"`.execute(
    kysely,
  )
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

/** Where what is next was due for a while, and nobody has taken it. */
export async function listForgotten({ kysely }: Queries): Promise<Lane[]> {
  // From the first of an instance to that of the next: ten thousand may wait behind each. By chance,
  // so that those that fail again and again are in nobody's way.
  const { rows } = await sql<Lane>`
    with recursive first as (
      (select organization_id, instance_id, next_at, leased_until from calls
        where state in ('waiting', 'sending')
        order by organization_id, instance_id, id limit 1)
      union all
      select next.* from first cross join lateral (
        select organization_id, instance_id, next_at, leased_until from calls
        where state in ('waiting', 'sending') and (organization_id, instance_id)
          > (first.organization_id, first.instance_id)
        order by organization_id, instance_id, id limit 1
      ) next
    )
    select organization_id as "organizationId", instance_id as "instanceId" from first
    where greatest(next_at, leased_until) < now() - interval '2 minutes'
    order by random() limit 1000`.execute(kysely)
  return rows
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
 * From then on it is too late to cancel it.
 * @returns false where it must not be sent: it is not held any more, or may not be called by now
 */
export async function departs(
  { kysely }: Queries,
  { organizationId, id, claims }: StoredCall,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update calls set on_its_way = true
    from instances i
    where calls.organization_id = ${organizationId} and calls.id = ${id}
      and calls.claims = ${claims} and calls.state = 'sending'
      and i.organization_id = ${organizationId} and i.id = calls.instance_id and not i.disabled
      and exists (${activeUser(organizationId, sql`calls.user_id`)})`.execute(kysely)
  return numAffectedRows === 1n
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
    update calls set state = 'waiting', leased_until = null, on_its_way = null,
      next_at = least(now() + make_interval(secs => ${inSeconds}), ${endOfWaiting}),
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
