import { sql } from 'kysely'
import type { Db } from '../database/database.ts'
import { type AppKey, type AppRecord, records } from './app-store.ts'

/** With who made it, and how many instances use it. */
export interface KnownApp extends AppRecord {
  emailAddress: string
  firstName: string
  lastName: string
  instances: number
}

export function findKnownApp(
  db: Db,
  { organizationId, id }: AppKey,
): Promise<KnownApp | undefined> {
  return known(db, organizationId).where('oauthApps.id', '=', id).executeTakeFirst()
}

/** In the order of their ids: all of the organization, or what `userId` may use. */
export function listKnownApps(
  db: Db,
  asked: {
    organizationId: number
    userId?: number
    elementId?: number | undefined
    after: number
    limit: number
  },
): Promise<KnownApp[]> {
  const { organizationId, userId, elementId, after, limit } = asked
  return known(db, organizationId)
    .where('oauthApps.id', '>', after)
    .$if(elementId !== undefined, (all) => all.where('oauthApps.elementId', '=', elementId!))
    .$if(userId !== undefined, (all) =>
      all.where(({ or, eb }) =>
        or([eb('shared', '=', true), eb('oauthApps.userId', '=', userId!)]),
      ),
    )
    .orderBy('oauthApps.id')
    .limit(limit)
    .execute()
}

function known(db: Db, organizationId: number) {
  return records(db, organizationId)
    .innerJoin('users', (join) =>
      join
        .on('users.organizationId', '=', organizationId)
        .onRef('users.id', '=', 'oauthApps.userId'),
    )
    .select(['users.email as emailAddress', 'users.firstName', 'users.lastName'])
    .select(
      sql<number>`(
        select count(*) from instances i
        where i.organization_id = ${organizationId} and i.oauth_app_id = oauth_apps.id
      )`.as('instances'),
    )
}
