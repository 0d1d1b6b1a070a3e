import { type Insertable, sql } from 'kysely'
import type { Db } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import type { WrappedKey } from './keyring.ts'

/** The database, or a transaction on it. */
export type Queries = Pick<Db, 'kysely'>

/** A pepper or data key: the same random key, wrapped once for each key-encryption key. */
export interface Generation {
  id: number
  createdAt: Date
  wraps: WrappedKey[]
}

/** Oldest first. */
export async function listPeppers(db: Queries): Promise<Generation[]> {
  const rows = await db.kysely
    .selectFrom('peppers')
    .selectAll()
    .orderBy('id')
    .orderBy('kekId')
    .execute()
  return byGeneration(rows)
}

/** What stands under a key-encryption key already stays as it is. */
export async function insertPepper(db: Queries, pepper: Omit<Generation, 'createdAt'> & Born) {
  const { id, createdAt, wraps } = pepper
  await db.kysely
    .insertInto('peppers')
    .values(wraps.map((wrap) => ({ id, ...(createdAt && { createdAt }), ...wrap })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Oldest first. */
export async function listDataKeys(db: Queries, organizationId: number): Promise<Generation[]> {
  const rows = await db.kysely
    .selectFrom('dataKeys')
    .select(['id', 'kekId', 'wrapped', 'createdAt'])
    .where('organizationId', '=', organizationId)
    .orderBy('id')
    .orderBy('kekId')
    .execute()
  return byGeneration(rows)
}

/** What stands under a key-encryption key already stays as it is. */
export async function insertDataKey(
  db: Queries,
  dataKey: { organizationId: number } & Omit<Generation, 'createdAt'> & Born,
) {
  const { organizationId, id, createdAt, wraps } = dataKey
  await db.kysely
    .insertInto('dataKeys')
    .values(wraps.map((wrap) => ({ organizationId, id, ...(createdAt && { createdAt }), ...wrap })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Absent: now. A wrap that is added later carries the time of its generation. */
interface Born {
  createdAt?: Date
}

/** The ids of key-encryption keys without which some organization's secrets could not be opened. */
export async function listMissingKeks(db: Queries, kekIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ kekId: string }>`
    select distinct kek_id from data_keys held
    where kek_id <> all(${kekIds}) and not exists (
      select from data_keys other
      where other.organization_id = held.organization_id and other.id = held.id
        and other.kek_id = any(${kekIds})
    )`.execute(db.kysely)
  return rows.map((row) => row.kekId)
}

/** The ids of some organizations, in order; of those that are erased nothing opens any more. */
export async function listOrganizations(db: Queries, page: { after: number; limit: number }) {
  const rows = await db.kysely
    .selectFrom('organizations')
    .select('organizationId')
    .where('organizationId', '>', page.after)
    .where('erasingSince', 'is', null)
    .orderBy('organizationId')
    .limit(page.limit)
    .execute()
  return rows.map((row) => row.organizationId)
}

/** Joins the transaction that `db` is, or makes one. */
export function inTransaction<T>(db: Queries, work: (db: Queries) => Promise<T>): Promise<T> {
  if (db.kysely.isTransaction) return work(db)
  return db.kysely.transaction().execute((kysely) => work({ kysely }))
}

const pepperLock = 7_016_577

/** Until the end of the transaction no other process makes a pepper or begins a rotation. */
export async function lockPeppers(db: Queries) {
  await sql`select pg_advisory_xact_lock(${pepperLock})`.execute(db.kysely)
}

/** Until the end of the transaction no other process makes a data key for the organization. */
export async function lockDataKeys(db: Queries, organizationId: number) {
  await db.kysely
    .selectFrom('organizations')
    .select('organizationId')
    .where('organizationId', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
}

function byGeneration(rows: ({ id: number; createdAt: Date } & WrappedKey)[]): Generation[] {
  return [...Map.groupBy(rows, (row) => row.id)].map(([id, wraps]) => ({
    id,
    createdAt: new Date(Math.min(...wraps.map((wrap) => wrap.createdAt.getTime()))),
    wraps,
  }))
}

/** Adds a version of a secret; one that is there already is an error of the database. */
export async function insertSecret(db: Queries, secret: Insertable<Tables['secrets']>) {
  await db.kysely.insertInto('secrets').values(secret).execute()
}

/** The envelope of one version of a secret. Throws where there is none. */
export async function findSealed(
  db: Queries,
  place: { organizationId: number; owner: string; entry: string; secretVersion: number },
): Promise<string> {
  const { sealed } = await db.kysely
    .selectFrom('secrets')
    .select('sealed')
    .where('organizationId', '=', place.organizationId)
    .where('owner', '=', place.owner)
    .where('entry', '=', place.entry)
    .where('secretVersion', '=', place.secretVersion)
    .executeTakeFirstOrThrow()
  return sealed
}
