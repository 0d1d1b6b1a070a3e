import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { cutPage, type Page } from '../http/paging.ts'
import type { WebhookDelivery } from './delivery-schema.ts'
import {
  type AttemptRecord,
  type DeliveryRecord,
  type DeliveryState,
  findDelivery,
  listDead,
  listDeliveries,
  queueAgain,
} from './delivery-store.ts'
import { messageId } from './event.ts'
import { wake } from './job.ts'
import { endPause, lockWebhook, type WebhookKey } from './store.ts'
import { requireWebhook, webhookNotFound } from './webhooks.ts'

type Needs = Pick<Context, 'db' | 'jobs'>

/** How many go at a time where all are delivered again. */
const batch = 1000

/** @throws {Refusal} `webhook-not-found` */
export async function listDeliveryPage(
  context: Pick<Context, 'db'>,
  key: WebhookKey,
  filters: { state?: DeliveryState | undefined; instanceId?: number | undefined },
  page: Page,
) {
  await requireWebhook(context, key)
  const asked = { ...filters, after: page.after, limit: page.pageSize + 1 }
  const { items, headers } = cutPage(await listDeliveries(context.db, key, asked), page)
  return { deliveries: items.map(showDelivery), headers }
}

/** @throws {Refusal} `webhook-not-found`, `webhook-delivery-not-found` */
export async function getDelivery(
  context: Pick<Context, 'db'>,
  key: WebhookKey,
  deliveryId: number,
): Promise<WebhookDelivery> {
  await requireWebhook(context, key)
  return showDelivery(await requireDelivery(context.db, key, deliveryId))
}

/**
 * Sends a message again, dead or delivered, with the same id; one that waits is sent at once.
 * @throws {Refusal} `webhook-not-found`, `webhook-delivery-not-found`
 */
export async function redeliver(
  { db, jobs }: Needs,
  key: WebhookKey,
  deliveryId: number,
  deed: Deed,
): Promise<WebhookDelivery> {
  return transaction(db, async (tx) => {
    await resume(tx, key)
    const found = await requireDelivery(tx, key, deliveryId)
    await queueAgain(tx, key, [found])
    await wake(jobs, tx, key)
    const detail = { webhookId: key.id, deliveryId }
    await insertAuditEntry(tx, deed, 'webhook.redelivered', { detail })
    return showDelivery(await requireDelivery(tx, key, deliveryId))
  })
}

/**
 * Sends the dead messages again, the oldest first.
 * @returns how many, and whether there are more
 * @throws {Refusal} `webhook-not-found`
 */
export async function redeliverDead(
  { db, jobs }: Needs,
  key: WebhookKey,
  deed: Deed,
): Promise<{ count: number; more: boolean }> {
  return transaction(db, async (tx) => {
    await resume(tx, key)
    const dead = await listDead(tx, key, batch + 1)
    const again = dead.slice(0, batch)
    const count = again.length
    if (count > 0) {
      await queueAgain(tx, key, again)
      await wake(jobs, tx, key)
      const detail = { webhookId: key.id, count }
      await insertAuditEntry(tx, deed, 'webhook.redelivered', { detail })
    }
    return { count, more: dead.length > count }
  })
}

/** Whoever asks for it does not wait for a pause to end. */
async function resume(db: Db, key: WebhookKey) {
  if (!(await lockWebhook(db, key))) throw webhookNotFound(key.id)
  await endPause(db, key)
}

async function requireDelivery(
  db: Pick<Db, 'kysely'>,
  key: WebhookKey,
  deliveryId: number,
): Promise<DeliveryRecord> {
  const found = await findDelivery(db, key, deliveryId)
  if (found) return found
  throw new Refusal(
    'webhook-delivery-not-found',
    `No delivery found with ID ${deliveryId}. What is older than the retention of webhookDeliveries is gone.`,
  )
}

function showDelivery(record: DeliveryRecord): WebhookDelivery {
  const { id, type, instanceId, state, data, createdAt, finishedAt, attempts } = record
  return {
    id,
    messageId: messageId(record),
    type,
    instanceId,
    state,
    data,
    createdDate: createdAt.toISOString(),
    finishedDate: finishedAt?.toISOString() ?? null,
    attempts: attempts.map(showAttempt),
  }
}

function showAttempt({ failureKind, failureMessage, at, ...attempt }: AttemptRecord) {
  const failure = failureKind === null ? null : { kind: failureKind, message: failureMessage ?? '' }
  return { ...attempt, at: new Date(at).toISOString(), failure }
}
