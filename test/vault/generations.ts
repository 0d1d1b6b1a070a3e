import type { Db } from '../../src/database/database.ts'

/** The generations of keys that the rows of an organization stand under. */
export async function listGenerations(db: Db, organizationId: number) {
  const { rows } = await db.pool.query<{ data_keys: number[]; peppers: number[] }>(
    `select
       (select array_agg(distinct split_part(sealed, '.', 2)::integer) from (
         select sealed from secrets where organization_id = $1
         union all select sealed from idempotency_claims where organization_id = $1) s) as data_keys,
       (select array_agg(distinct pepper_id) from (
         select pepper_id from access_secrets where organization_id = $1
         union all select pepper_id from instance_tokens where organization_id = $1) t) as peppers`,
    [organizationId],
  )
  return { dataKeys: rows[0]!.data_keys, peppers: rows[0]!.peppers }
}

/** The generations of keys that there are. */
export async function listKeys(db: Db, organizationId: number) {
  const { rows } = await db.pool.query<{ data_keys: number[]; peppers: number[]; keks: string[] }>(
    `select
       (select array_agg(distinct id) from data_keys where organization_id = $1) as data_keys,
       (select array_agg(distinct id) from peppers) as peppers,
       (select array_agg(distinct kek_id) from (
         select kek_id from peppers union select kek_id from data_keys) k) as keks`,
    [organizationId],
  )
  return { dataKeys: rows[0]!.data_keys, peppers: rows[0]!.peppers, keks: rows[0]!.keks }
}
