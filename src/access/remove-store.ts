import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

interface UserKey {
  organizationId: number
  userId: number
}

/** The first instances of a user. */
export async function listInstancesOf(
  { kysely }: Pick<Db, 'kysely'>,
  { organizationId, userId, limit }: UserKey & { limit: number },
): Promise<{ id: number; name: string }[]> {
  const { rows } = await sql<{ id: number; name: string }>`
    select id, name from instances
    where organization_id = ${organizationId} and user_id = ${userId}
    order by id limit ${limit}`.execute(kysely)
  return rows
}

/** Whether the user has anything in the table. */
export async function hasAny(
  { kysely }: Pick<Db, 'kysely'>,
  table: string,
  { organizationId, userId }: UserKey,
): Promise<boolean> {
  const { rows } = await sql`
    select from ${sql.table(table)}
    where organization_id = ${organizationId} and user_id = ${userId} limit 1`.execute(kysely)
  return rows.length > 0
}
