import { sql } from 'kysely'
import type * as audit from '../audit/entry.ts'
import { insertAuditEntry } from '../audit/entry.ts'
import type { Db } from '../database/database.ts'

/** What a user does to an element, for the audit. */
export interface Deed extends audit.Deed {
  userId: number
  address: string
}

export function insertElementEntry(
  db: Db,
  deed: Deed,
  action: string,
  { id, key, version }: { id: number; key: string; version: string },
) {
  return insertAuditEntry(db, deed, action, { detail: { elementId: id, key, version } })
}

/** The first instances of an element, whoever's. */
export async function listInstancesOf(
  db: Db,
  { organizationId, id, limit }: { organizationId: number; id: number; limit: number },
): Promise<{ id: number; name: string }[]> {
  const { rows } = await sql<{ id: number; name: string }>`
    select id, name from instances
    where organization_id = ${organizationId} and element_id = ${id}
    order by id limit ${limit}`.execute(db.kysely)
  return rows
}
