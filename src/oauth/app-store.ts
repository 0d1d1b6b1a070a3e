import { sql } from 'kysely'
import { insertAuditEntry } from '../audit/entry.ts'
import { type Db, transaction } from '../database/database.ts'
import type { Sealed } from '../vault/vault.ts'

/** Under which an app's secret is sealed, and under which its id is where it has none. */
export const secretEntry = 'clientSecret'
export const idEntry = 'clientId'

export function ownerOf(appId: number): string {
  return `oauth-app/${appId}`
}

export interface AppKey {
  organizationId: number
  id: number
}

/** What a person states. */
export interface AppContent {
  name: string
  shared: boolean
  clientId: string
}

/** An app profile as it is stored. */
export interface AppRecord extends AppKey, AppContent {
  userId: number
  elementId: number
  authenticationType: string
  secretVersion: number
  createdAt: Date
  updatedAt: Date
  /** What is sealed: `secretEntry`, or `idEntry`. */
  entry: string
  /** Those of what is sealed. */
  origins: string[]
  sealed: string
}

export interface SealedClient extends Sealed {
  entry: string
  origins: readonly string[]
}

/** Who did it, for the audit. */
export interface Deed {
  userId: number
  requestId: string
  address: string
}

export async function insertApp(
  db: Db,
  app: AppKey & AppContent & { userId: number; elementId: number; authenticationType: string },
  client: SealedClient,
  deed: Deed,
) {
  await transaction(db, async (tx) => {
    await tx.kysely.insertInto('oauthApps').values(app).execute()
    await insertClient(tx, { ...app, secretVersion: 1 }, client)
    await insertAppEntry(tx, app, 'oauth-app.created', deed)
  })
}

/**
 * Puts other content under the same id; without `client`, what is sealed stays. Instances whose
 * tokens could not be refreshed with the client that it was may try again at once.
 * @returns false where someone else replaced the client since `secretVersion`, or deleted the app
 */
export function updateApp(
  db: Db,
  key: AppKey & { userId: number; secretVersion: number },
  content: AppContent,
  client: SealedClient | undefined,
  deed: Deed,
): Promise<boolean> {
  const { organizationId, id, secretVersion } = key
  const next = client ? secretVersion + 1 : secretVersion
  return transaction(db, async (tx) => {
    const updated = await tx.kysely
      .updateTable('oauthApps')
      .set({ ...content, secretVersion: next, updatedAt: sql<Date>`now()` })
      .where('organizationId', '=', organizationId)
      .where('id', '=', id)
      .where('secretVersion', '=', secretVersion)
      .executeTakeFirst()
    if (updated.numUpdatedRows === 0n) return false
    if (client) {
      await deleteClients(tx, key)
      await insertClient(tx, { organizationId, id, secretVersion: next }, client)
    }
    await retryTokens(tx, key)
    await insertAppEntry(tx, key, 'oauth-app.replaced', deed)
    return true
  })
}

/**
 * With its secret; rejects with a violated foreign key where an instance uses it.
 * @returns false where it was not there any more
 */
export function deleteApp(db: Db, key: AppKey, deed: Deed): Promise<boolean> {
  return transaction(db, async (tx) => {
    const deleted = await tx.kysely
      .deleteFrom('oauthApps')
      .where('organizationId', '=', key.organizationId)
      .where('id', '=', key.id)
      .returning('userId')
      .executeTakeFirst()
    if (!deleted) return false
    await deleteClients(tx, key)
    await insertAppEntry(tx, { ...key, ...deleted }, 'oauth-app.deleted', deed)
    return true
  })
}

export function findApp(db: Db, { organizationId, id }: AppKey): Promise<AppRecord | undefined> {
  return records(db, organizationId).where('oauthApps.id', '=', id).executeTakeFirst()
}

/** What a user may use for an authentication of an element, in the order of their ids. */
export function listUsableApps(
  db: Db,
  asked: { organizationId: number; userId: number; elementId: number; authenticationType: string },
): Promise<AppRecord[]> {
  const { organizationId, userId, elementId, authenticationType } = asked
  return records(db, organizationId)
    .where('oauthApps.elementId', '=', elementId)
    .where('oauthApps.authenticationType', '=', authenticationType)
    .where(({ or, eb }) => or([eb('shared', '=', true), eb('oauthApps.userId', '=', userId)]))
    .orderBy('oauthApps.id')
    .execute()
}

/** Those of an organization, each with what is sealed of it. */
export function records(db: Db, organizationId: number) {
  return db.kysely
    .selectFrom('oauthApps')
    .innerJoin('secrets', (join) =>
      join
        .on('secrets.organizationId', '=', organizationId)
        .on('secrets.owner', '=', sql<string>`'oauth-app/' || oauth_apps.id`)
        .on('secrets.entry', 'in', [secretEntry, idEntry])
        .onRef('secrets.secretVersion', '=', 'oauthApps.secretVersion'),
    )
    .selectAll('oauthApps')
    .select(['secrets.entry', 'secrets.origins', 'secrets.sealed'])
    .where('oauthApps.organizationId', '=', organizationId)
}

async function insertClient(
  db: Db,
  { organizationId, id, secretVersion }: AppKey & { secretVersion: number },
  { entry, origins, dataKeyId, sealed }: SealedClient,
) {
  const place = { organizationId, owner: ownerOf(id), entry, secretVersion }
  await db.kysely
    .insertInto('secrets')
    .values({ ...place, origins: [...origins], dataKeyId, sealed })
    .execute()
}

async function deleteClients(db: Db, { organizationId, id }: AppKey) {
  await db.kysely
    .deleteFrom('secrets')
    .where('organizationId', '=', organizationId)
    .where('owner', '=', ownerOf(id))
    .execute()
}

async function retryTokens(db: Db, { organizationId, id }: AppKey) {
  await sql`
    update oauth_tokens t set failures = 0, retry_at = null
    from instances i
    where t.organization_id = ${organizationId} and i.organization_id = ${organizationId}
      and i.id = t.instance_id and i.oauth_app_id = ${id}
      and (t.failures > 0 or t.retry_at is not null)`.execute(db.kysely)
}

function insertAppEntry(
  db: Db,
  { organizationId, id, userId: ownerId }: AppKey & { userId: number },
  action: string,
  deed: Deed,
) {
  const detail = { oauthAppId: id }
  return insertAuditEntry(db, { organizationId, ...deed }, action, { ownerId, detail })
}
