import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

/** Who changes something, for the audit. */
export interface Deed {
  organizationId: number
  userId: number
  requestId: string
  address: string
}

export async function insertAuditEntry(
  db: Db,
  deed: Deed,
  action: string,
  { id, key, version }: { id: number; key: string; version: string },
) {
  const { organizationId, userId, requestId, address } = deed
  await sql`
    insert into audit_entries (organization_id, user_id, action, request_id, address, detail)
    values (${organizationId}, ${userId}, ${action}, ${requestId}, ${address},
      jsonb_build_object('elementId', ${id}::bigint, 'key', ${key}::text,
        'version', ${version}::text))`.execute(db.kysely)
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
