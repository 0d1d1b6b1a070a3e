import { sql } from 'kysely'
import type { Db } from '../database/database.ts'
import { type InstanceFilters, idsQuery } from '../instances/list-query.ts'
import type { VerificationResult } from './run-schema.ts'

type Queries = Pick<Db, 'kysely'>

interface RunKey {
  organizationId: number
  id: number
}

const keptDays = 7
/** Whoever died is missed so soon. */
const aliveSeconds = 30

/** The ids of those that pass, `limit` at most. */
export async function listRunIds(
  { kysely }: Queries,
  filters: InstanceFilters,
  limit: number,
): Promise<number[]> {
  const { rows } = await idsQuery(filters, { after: 0, limit }).execute(kysely)
  return rows.map(({ id }) => id)
}

/** How many of the user's are under way; nobody begins another until the transaction ends. */
export async function countRunning(
  { kysely }: Queries,
  { organizationId, userId }: { organizationId: number; userId: number },
): Promise<number> {
  await kysely
    .selectFrom('users')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('id', '=', userId)
    .forNoKeyUpdate()
    .execute()
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from verification_runs
    where organization_id = ${organizationId} and user_id = ${userId}
      and finished_at is null and alive_until > now()`.execute(kysely)
  return rows[0]!.count
}

export async function insertRun(
  { kysely }: Queries,
  { organizationId, userId, count }: { organizationId: number; userId: number; count: number },
): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    insert into verification_runs (organization_id, id, user_id, count, alive_until, expires_at)
    values (${organizationId}, nextval('verification_runs_id_seq'), ${userId}, ${count},
      now() + make_interval(secs => ${aliveSeconds}), now() + make_interval(days => ${keptDays}))
    returning id`.execute(kysely)
  return rows[0]!.id
}

export async function insertResult(
  { kysely }: Queries,
  { organizationId, id }: RunKey,
  { id: instanceId, at, ...result }: VerificationResult,
): Promise<void> {
  await kysely
    .insertInto('verificationResults')
    .values({ organizationId, runId: id, instanceId, ...result, at: new Date(at) })
    .execute()
}

/** Says that somebody still runs it. */
export async function keepAlive({ kysely }: Queries, { organizationId, id }: RunKey) {
  await sql`
    update verification_runs set alive_until = now() + make_interval(secs => ${aliveSeconds})
    where organization_id = ${organizationId} and id = ${id}`.execute(kysely)
}

export async function finishRun({ kysely }: Queries, { organizationId, id }: RunKey) {
  await sql`
    update verification_runs set finished_at = now()
    where organization_id = ${organizationId} and id = ${id}`.execute(kysely)
}

/** Says that nobody runs it any more, though it is not finished. */
export async function interruptRun({ kysely }: Queries, { organizationId, id }: RunKey) {
  await sql`
    update verification_runs set alive_until = now()
    where organization_id = ${organizationId} and id = ${id}`.execute(kysely)
}

export interface StoredRun {
  id: number
  count: number
  createdAt: Date
  finishedAt: Date | null
  alive: boolean
  verdicts: Record<string, number> | null
}

/** A run of that user that is still kept. */
export async function findRun(
  { kysely }: Queries,
  { organizationId, id, userId }: RunKey & { userId: number },
): Promise<StoredRun | undefined> {
  const { rows } = await sql<StoredRun>`
    select id, count, created_at, finished_at, alive_until > now() as alive, (
      select json_object_agg(what, number) from (
        select coalesce(verdict, code) as what, count(*) as number from verification_results
        where organization_id = ${organizationId} and run_id = ${id} group by 1
      ) counted
    ) as verdicts
    from verification_runs
    where organization_id = ${organizationId} and id = ${id} and user_id = ${userId}
      and expires_at > now()`.execute(kysely)
  return rows[0]
}

/** Results in the order of ids. */
export async function listResults(
  { kysely }: Queries,
  { organizationId, id }: RunKey,
  { after, limit }: { after: number; limit: number },
) {
  return kysely
    .selectFrom('verificationResults')
    .select(['instanceId as id', 'verdict', 'code', 'message', 'state', 'at'])
    .where('organizationId', '=', organizationId)
    .where('runId', '=', id)
    .where('instanceId', '>', after)
    .orderBy('instanceId')
    .limit(limit)
    .execute()
}
