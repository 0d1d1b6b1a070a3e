import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

/** A user's own certificate of that fingerprint that may be presented to all of these origins. */
export async function findAlike(
  { kysely }: Pick<Db, 'kysely'>,
  asked: { organizationId: number; userId: number; fingerprint: string; origins: string[] },
): Promise<number | undefined> {
  const { organizationId, userId, fingerprint, origins } = asked
  const { rows } = await sql<{ id: number }>`
    select c.id from certificates c
    join secrets s on s.organization_id = ${organizationId} and s.owner = 'certificate/' || c.id
      and s.secret_version = c.secret_version
    where c.organization_id = ${organizationId} and c.user_id = ${userId}
      and c.fingerprint = ${fingerprint} and s.origins @> ${origins}::text[]
    order by c.id limit 1`.execute(kysely)
  return rows[0]?.id
}
