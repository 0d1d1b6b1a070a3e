import type { Db } from '../database/database.ts'

/** A version is known by its content's hash, so that writing it again changes nothing. */
export async function insertVersions(
  db: Db,
  versions: { elementId: number; version: string; key: string; definition: string }[],
) {
  await db.kysely
    .insertInto('elementVersions')
    .values(versions)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export function findVersion(db: Db, version: { elementId: number; version: string }) {
  return db.kysely
    .selectFrom('elementVersions')
    .select('definition')
    .where('elementId', '=', version.elementId)
    .where('version', '=', version.version)
    .executeTakeFirst()
}
