import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { insertAuditEntry } from '../audit/entry.ts'
import { type Db, transaction } from '../database/database.ts'
import type { StoredRecord } from '../instances/connection-store.ts'
import type { Conclusion } from './conclude.ts'

type Queries = Pick<Db, 'kysely'>

/** Organizations in order, and in how many seconds an instance of theirs is due, where that is soon. */
export async function listOrganizationsDue(
  { kysely }: Queries,
  { after, limit, withinSeconds }: { after: number; limit: number; withinSeconds: number },
): Promise<{ organizationId: number; dueIn: number | null }[]> {
  const { rows } = await sql<{ organizationId: number; dueIn: number | null }>`
    select o.organization_id, (
      select greatest(0, extract(epoch from i.check_at - now()))::float8 from instances i
      where i.organization_id = o.organization_id
        and i.check_at <= now() + make_interval(secs => ${withinSeconds})
      order by i.check_at limit 1
    ) as due_in
    from organizations o
    where o.organization_id > ${after} and o.erasing_since is null and o.disabled_at is null
    order by o.organization_id limit ${limit}`.execute(kysely)
  return rows
}

/** In how many seconds an instance of the organization is due; undefined where none is soon. */
export async function nextDue(
  { kysely }: Queries,
  { organizationId, withinSeconds }: { organizationId: number; withinSeconds: number },
): Promise<number | undefined> {
  const { rows } = await sql<{ dueIn: number }>`
    select greatest(0, extract(epoch from check_at - now()))::float8 as due_in from instances
    where organization_id = ${organizationId}
      and check_at <= now() + make_interval(secs => ${withinSeconds})
    order by check_at limit 1`.execute(kysely)
  return rows[0]?.dueIn
}

/** Takes some that are due: nobody else does for so many seconds. */
export async function claimDue(
  { kysely }: Queries,
  { organizationId, limit, seconds }: { organizationId: number; limit: number; seconds: number },
): Promise<{ id: number; refusals: number }[]> {
  const { rows } = await sql<{ id: number; refusals: number }>`
    with due as (
      select id from instances
      where organization_id = ${organizationId} and check_at <= now()
      order by check_at limit ${limit} for update skip locked
    )
    update instances i set check_at = now() + make_interval(secs => ${seconds})
    from due where i.organization_id = ${organizationId} and i.id = due.id
    returning i.id, i.refusals`.execute(kysely)
  return rows
}

/** When what is stored of an instance was given, and when its tokens end. */
export async function findDates(
  { kysely }: Queries,
  { organizationId, id }: { organizationId: number; id: number },
): Promise<{
  obtainedAt: Date | null
  expiresAt: Date | null
  secrets: { entry: string; createdAt: Date }[]
}> {
  const tokens = await kysely
    .selectFrom('oauthTokens')
    .select(['obtainedAt', 'expiresAt'])
    .where('organizationId', '=', organizationId)
    .where('instanceId', '=', id)
    .executeTakeFirst()
  const secrets = await kysely
    .selectFrom('secrets')
    .select(['entry', 'createdAt'])
    .where('organizationId', '=', organizationId)
    .where('owner', '=', `instance/${id}`)
    .execute()
  return { obtainedAt: null, expiresAt: null, ...tokens, secrets }
}

/**
 * Stores what came of a look, and tells the audit where the state is another one; nothing where
 * somebody has changed or proved the instance meanwhile.
 */
export function storeConclusion(
  db: Db,
  seen: StoredRecord,
  { state, stateReason, accepted, lastCheck, refusals, after }: Conclusion,
): Promise<void> {
  const { organizationId, id, revision, verifiedAt } = seen
  const check = lastCheck === undefined ? sql`last_check` : sql`${JSON.stringify(lastCheck)}::jsonb`
  return transaction(db, async (tx) => {
    const { rows } = await sql`
      update instances
      set state = ${state}, state_reason = ${stateReason}, refusals = ${refusals},
        last_check = ${check},
        state_since = case when state = ${state} then state_since else now() end,
        verified_at = case when ${accepted} then now() else verified_at end,
        check_at = now() + make_interval(secs => ${after}::float8)
      where organization_id = ${organizationId} and id = ${id} and revision = ${revision}
        and state = ${seen.state} and not disabled
        and verified_at is not distinct from ${verifiedAt}::timestamptz
      returning 1`.execute(tx.kysely)
    if (rows.length === 0 || state === seen.state) return
    const requestId = randomBytes(12).toString('hex')
    const deed = {
      organizationId,
      actor: 'service',
      userId: null,
      requestId,
      address: null,
    } as const
    const subject = { instanceId: id, ownerId: seen.userId, detail: { from: seen.state } }
    await insertAuditEntry(tx, deed, `instance.${state}`, subject)
  })
}

/** Has nobody look after an instance until somebody proves or enables it. */
export async function leaveAlone(
  { kysely }: Queries,
  { organizationId, id, revision }: Pick<StoredRecord, 'organizationId' | 'id' | 'revision'>,
): Promise<void> {
  await sql`
    update instances set check_at = null
    where organization_id = ${organizationId} and id = ${id} and revision = ${revision}`.execute(
    kysely,
  )
}
