import { sql } from 'kysely'
import type { Db } from '../database/database.ts'
import type { WrappedKey } from './keyring.ts'

export function listPeppers(db: Db) {
  return db.kysely.selectFrom('peppers').selectAll().orderBy('id').orderBy('kekId').execute()
}

/** Where another process was first, what it wrote stays. */
export async function insertPepper(db: Db, pepper: { id: number; wraps: WrappedKey[] }) {
  await db.kysely
    .insertInto('peppers')
    .values(pepper.wraps.map((wrap) => ({ id: pepper.id, ...wrap })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export function listDataKeys(db: Db, organizationId: number) {
  return db.kysely
    .selectFrom('dataKeys')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .orderBy('id')
    .orderBy('kekId')
    .execute()
}

/** Where another process was first, what it wrote stays. */
export async function insertDataKey(
  db: Db,
  dataKey: { organizationId: number; id: number; wraps: WrappedKey[] },
) {
  const { organizationId, id, wraps } = dataKey
  await db.kysely
    .insertInto('dataKeys')
    .values(wraps.map((wrap) => ({ organizationId, id, ...wrap })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** The ids of key-encryption keys without which some organization's secrets could not be opened. */
export async function listMissingKeks(db: Db, kekIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ kekId: string }>`
    select distinct kek_id from data_keys held
    where kek_id <> all(${kekIds}) and not exists (
      select from data_keys other
      where other.organization_id = held.organization_id and other.id = held.id
        and other.kek_id = any(${kekIds})
    )`.execute(db.kysely)
  return rows.map((row) => row.kekId)
}
