import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

/** The states that an instance came to, the newest first. */
export async function listStates(
  { kysely }: Pick<Db, 'kysely'>,
  { organizationId, id }: { organizationId: number; id: number },
): Promise<{ state: string; reason: string | null; since: Date }[]> {
  const { rows } = await sql<{ state: string; reason: string | null; since: Date }>`
    select state, reason, since from instance_states
    where organization_id = ${organizationId} and instance_id = ${id}
    order by id desc limit 50`.execute(kysely)
  return rows
}
