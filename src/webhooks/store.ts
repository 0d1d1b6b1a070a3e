import { type Insertable, type RawBuilder, sql, type Updateable } from 'kysely'
import type { Db } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'

type Queries = Pick<Db, 'kysely'>

export interface WebhookKey {
  organizationId: number
  id: number
}

/** A webhook as it is stored, without its secret. */
export interface WebhookRecord extends WebhookKey {
  url: string
  events: string[]
  description: string
  active: boolean
  inactiveReason: string | null
  secretVersion: number
  previousUntil: Date | null
  failingSince: Date | null
  createdAt: Date
  updatedAt: Date
}

const columns = [
  'organizationId',
  'id',
  'url',
  'events',
  'description',
  'active',
  'inactiveReason',
  'secretVersion',
  'previousUntil',
  'failingSince',
  'createdAt',
  'updatedAt',
] as const

export function insertWebhook(
  db: Queries,
  webhook: Insertable<Tables['webhooks']>,
): Promise<WebhookRecord> {
  return db.kysely
    .insertInto('webhooks')
    .values(webhook)
    .returning(columns)
    .executeTakeFirstOrThrow()
}

/** Until the end of the transaction nobody else adds one to the organization. */
export async function countForAdding(db: Queries, organizationId: number): Promise<number> {
  await db.kysely
    .selectFrom('organizations')
    .select('organizationId')
    .where('organizationId', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
  const { count } = await db.kysely
    .selectFrom('webhooks')
    .select((builder) => builder.fn.countAll<number>().as('count'))
    .where('organizationId', '=', organizationId)
    .executeTakeFirstOrThrow()
  return count
}

/** In the order of their ids. */
export function listWebhooks(
  db: Queries,
  asked: { organizationId: number; after: number; limit: number },
): Promise<WebhookRecord[]> {
  return db.kysely
    .selectFrom('webhooks')
    .select(columns)
    .where('organizationId', '=', asked.organizationId)
    .where('id', '>', asked.after)
    .orderBy('id')
    .limit(asked.limit)
    .execute()
}

export function findWebhook(db: Queries, key: WebhookKey): Promise<WebhookRecord | undefined> {
  return found(db, key).executeTakeFirst()
}

/** Until the end of the transaction nobody else changes it. */
export function lockWebhook(db: Queries, key: WebhookKey): Promise<WebhookRecord | undefined> {
  return found(db, key).forNoKeyUpdate().executeTakeFirst()
}

function found(db: Queries, key: WebhookKey) {
  return db.kysely
    .selectFrom('webhooks')
    .select(columns)
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
}

/** A moment may be left to the clock of the database. */
type WebhookChanges = Omit<Updateable<Tables['webhooks']>, 'previousUntil'> & {
  previousUntil?: RawBuilder<Date> | null
}

export function updateWebhook(
  db: Queries,
  key: WebhookKey,
  changes: WebhookChanges,
): Promise<WebhookRecord> {
  return db.kysely
    .updateTable('webhooks')
    .set({ ...changes, updatedAt: sql<Date>`now()` })
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .returning(columns)
    .executeTakeFirstOrThrow()
}

/** @returns false where there is none */
export async function deactivateWebhook(db: Queries, key: WebhookKey): Promise<boolean> {
  const { numUpdatedRows } = await db.kysely
    .updateTable('webhooks')
    .set({ active: false, inactiveReason: 'It is being deleted.' })
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export async function endPause(db: Queries, key: WebhookKey) {
  await db.kysely
    .updateTable('webhooks')
    .set({ pausedUntil: null })
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .execute()
}

/** @returns how many went, `limit` at most */
export async function deleteDeliveries(
  { kysely }: Queries,
  { organizationId, id }: WebhookKey,
  limit: number,
): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from webhook_deliveries d using (
      select id from webhook_deliveries
      where organization_id = ${organizationId} and webhook_id = ${id} order by id limit ${limit}
    ) doomed
    where d.organization_id = ${organizationId} and d.webhook_id = ${id} and d.id = doomed.id
  `.execute(kysely)
  return Number(numAffectedRows)
}

/** With its secrets, and all that it was sent or waits to be. */
export async function deleteWebhook(db: Queries, key: WebhookKey) {
  await db.kysely
    .deleteFrom('webhooks')
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .execute()
}

/** So many seconds from now, by the clock of the database. */
export function secondsFromNow(seconds: number) {
  return sql<Date>`now() + make_interval(secs => ${seconds})`
}
