import { sql } from 'kysely'
import type { Queries } from './store.ts'

/** By the database's clock, which also says when a key was made. */
export async function readClock(db: Queries): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select now()::timestamptz(3) as now`.execute(db.kysely)
  return rows[0]!.now
}

/** Every key-encryption key that something is wrapped under, with how many peppers and data keys. */
export async function countWraps(
  db: Queries,
): Promise<{ kekId: string; peppers: number; dataKeys: number }[]> {
  const { rows } = await sql<{ kekId: string; peppers: number; dataKeys: number }>`
    select kek_id, sum(pepper)::integer as peppers, sum(1 - pepper)::integer as data_keys
    from (select kek_id, 1 as pepper from peppers union all select kek_id, 0 from data_keys) wraps
    group by kek_id order by kek_id`.execute(db.kysely)
  return rows
}

/** How many peppers and data keys there are besides the newest ones. */
export async function countSuperseded(db: Queries): Promise<{ peppers: number; dataKeys: number }> {
  const { rows } = await sql<{ peppers: number; dataKeys: number }>`
    select (select greatest(count(distinct id) - 1, 0)::integer from peppers) as peppers,
      (select count(*)::integer from (select distinct organization_id, id from data_keys) keys)
        - (select count(distinct organization_id)::integer from data_keys) as data_keys
  `.execute(db.kysely)
  return rows[0]!
}

/**
 * Whether an idempotency key, the state of a consent, or the link or page of a connect session is
 * still compared under an older pepper.
 */
export async function hasFingerprints(
  db: Queries,
  older: { organizationId: number; pepperId: number },
): Promise<boolean> {
  const row = await db.kysely
    .selectFrom('idempotencyClaims')
    .select('pepperId')
    .where('organizationId', '=', older.organizationId)
    .where('expiresAt', '>', sql<Date>`now()`)
    .where('pepperId', '<', older.pepperId)
    .unionAll((also) =>
      also
        .selectFrom('authorizations')
        .select('pepperId')
        .where('organizationId', '=', older.organizationId)
        .where('expiresAt', '>', sql<Date>`now()`)
        .where('pepperId', '<', older.pepperId),
    )
    .unionAll((also) =>
      also
        .selectFrom('connectSessions')
        .select('pepperId')
        .where('organizationId', '=', older.organizationId)
        .where('expiresAt', '>', sql<Date>`now()`)
        .where('pepperId', '<', older.pepperId),
    )
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Whether a bearer token or a code for signing in is still looked up under an older pepper. */
export async function hasSignInTokens(
  db: Queries,
  older: { organizationId: number; pepperId: number },
): Promise<boolean> {
  const row = await db.kysely
    .selectFrom('signInTokens')
    .select('pepperId')
    .where('organizationId', '=', older.organizationId)
    .where('expiresAt', '>', sql<Date>`now()`)
    .where('pepperId', '<', older.pepperId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Removes data keys of an organization with all their wraps: what they seal never opens again. */
export async function deleteDataKeys(
  db: Queries,
  keys: { organizationId: number; ids: readonly number[] },
) {
  await db.kysely
    .deleteFrom('dataKeys')
    .where('organizationId', '=', keys.organizationId)
    .where('id', 'in', keys.ids)
    .execute()
}

/** Removes peppers with all their wraps: what is hashed under them is never found again. */
export async function deletePeppers(db: Queries, ids: readonly number[]) {
  await db.kysely.deleteFrom('peppers').where('id', 'in', ids).execute()
}

/** Removes the wraps of an organization's data keys under `kekIds`, but for any that is the last. */
export async function deleteDataKeyWraps(
  db: Queries,
  wraps: { organizationId: number; kekIds: readonly string[]; kept: string },
) {
  await db.kysely
    .deleteFrom('dataKeys as removed')
    .where('removed.organizationId', '=', wraps.organizationId)
    .where('removed.kekId', 'in', wraps.kekIds)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('dataKeys as kept')
          .select('kept.id')
          .where('kept.organizationId', '=', wraps.organizationId)
          .whereRef('kept.id', '=', 'removed.id')
          .where('kept.kekId', '=', wraps.kept),
      ),
    )
    .execute()
}

/** Removes the wraps of peppers under `kekIds`, but for any that is the last. */
export async function deletePepperWraps(
  db: Queries,
  wraps: { kekIds: readonly string[]; kept: string },
) {
  await db.kysely
    .deleteFrom('peppers as removed')
    .where('removed.kekId', 'in', wraps.kekIds)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('peppers as kept')
          .select('kept.id')
          .whereRef('kept.id', '=', 'removed.id')
          .where('kept.kekId', '=', wraps.kept),
      ),
    )
    .execute()
}
