import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

export interface AppUse {
  id: number
  name: string
  userId: number
}

/** The instances that use an app profile, so many at most, without those of the user `except`. */
export async function listUses(
  db: Db,
  asked: { organizationId: number; oauthAppId: number; limit: number; except?: number },
): Promise<AppUse[]> {
  const { organizationId, oauthAppId, limit, except = null } = asked
  const { rows } = await sql<AppUse>`
    select i.id, i.name, i.user_id from instances i
    where i.organization_id = ${organizationId} and i.oauth_app_id = ${oauthAppId}
      and i.user_id is distinct from ${except}::bigint
    order by i.id limit ${limit}`.execute(db.kysely)
  return rows
}
