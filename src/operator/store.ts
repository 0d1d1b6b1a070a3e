import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

type Queries = Pick<Db, 'kysely'>

/** An organization as it is stored. */
export interface OrganizationRecord {
  id: number
  name: string
  createdAt: Date
  disabledAt: Date | null
  erasingSince: Date | null
}

/** In the order of their ids. */
export function listOrganizations(
  db: Queries,
  { after, limit }: { after: number; limit: number },
): Promise<OrganizationRecord[]> {
  return organizations(db)
    .where('organizationId', '>', after)
    .orderBy('organizationId')
    .limit(limit)
    .execute()
}

export function findOrganization(
  db: Queries,
  organizationId: number,
): Promise<OrganizationRecord | undefined> {
  return organizations(db).where('organizationId', '=', organizationId).executeTakeFirst()
}

/** Until the end of the transaction nobody else changes it. */
export function lockOrganization(
  db: Queries,
  organizationId: number,
): Promise<OrganizationRecord | undefined> {
  return organizations(db)
    .where('organizationId', '=', organizationId)
    .forNoKeyUpdate()
    .executeTakeFirst()
}

export async function updateOrganization(
  db: Queries,
  organizationId: number,
  { name, disabled }: { name?: string | undefined; disabled?: boolean | undefined },
) {
  await db.kysely
    .updateTable('organizations')
    .set({
      ...(name !== undefined && { name }),
      ...(disabled !== undefined && {
        disabledAt: disabled ? sql<Date>`coalesce(disabled_at, now())` : null,
      }),
    })
    .where('organizationId', '=', organizationId)
    .execute()
}

/** In the order of their ids. */
export function listUsers(
  db: Queries,
  { organizationId, after, limit }: { organizationId: number; after: number; limit: number },
) {
  return db.kysely
    .selectFrom('users')
    .select(['id', 'email', 'firstName', 'lastName', 'role', 'active', 'createdAt'])
    .where('organizationId', '=', organizationId)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute()
}

function organizations(db: Queries) {
  return db.kysely
    .selectFrom('organizations')
    .select(['organizationId as id', 'name', 'createdAt', 'disabledAt', 'erasingSince'])
}
