import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

/** What instances are called, and whose they are. */
export async function nameInstances(
  { kysely }: Pick<Db, 'kysely'>,
  organizationId: number,
  ids: readonly number[],
): Promise<{ id: number; name: string; userId: number }[]> {
  const { rows } = await sql<{ id: number; name: string; userId: number }>`
    select id, name, user_id from instances
    where organization_id = ${organizationId} and id = any (${ids}::bigint[])`.execute(kysely)
  return rows
}
