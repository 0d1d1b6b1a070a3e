import { sql } from 'kysely'
import { type Db, prepared } from '../database/database.ts'
import type { Deed } from './changes-store.ts'

/** An element, and the version that is used from now on. */
export interface Installation {
  id: number
  key: string
  version: string
}

const installStatement = {
  name: 'install-element',
  text: `
    with installed as (
      insert into installed_elements (organization_id, element_id, version, user_id)
      values ($1, $2, $3, $4) on conflict do nothing returning element_id, version
    )
    insert into audit_entries (organization_id, user_id, action, request_id, address, detail)
    select $1, $4, 'element.installed', $5, $6,
      jsonb_build_object('elementId', element_id, 'key', $7::text, 'version', version)
    from installed`,
}

/** Installs an element, unless it is: then its version stays. */
export async function insertInstallation(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, userId, requestId, address }: Deed,
  { id, key, version }: Installation,
) {
  const values = [organizationId, id, version, userId, requestId, address, key]
  await prepared(pool, installStatement, values)
}

/** Makes another version the one that is used. */
export async function updateInstallation(
  db: Db,
  { organizationId, userId }: Deed,
  { id, version }: Installation,
) {
  await db.kysely
    .insertInto('installedElements')
    .values({ organizationId, elementId: id, version, userId })
    .onConflict((conflict) =>
      conflict
        .columns(['organizationId', 'elementId'])
        .doUpdateSet({ version, userId, installedAt: sql<Date>`now()` }),
    )
    .execute()
}

/** @returns false where it was not installed, or instances use it */
export async function deleteInstallation(
  db: Db,
  { organizationId }: Deed,
  { id }: Pick<Installation, 'id'>,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    delete from installed_elements
    where organization_id = ${organizationId} and element_id = ${id} and not exists (
      select from instances i where i.organization_id = ${organizationId} and i.element_id = ${id})
  `.execute(db.kysely)
  return numAffectedRows === 1n
}
