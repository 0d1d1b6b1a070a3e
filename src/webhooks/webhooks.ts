import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { secretMask } from '../exchange/template.ts'
import { Refusal } from '../http/errors.ts'
import { cutPage, type Page } from '../http/paging.ts'
import type { Webhook, WebhookRequest } from './schema.ts'
import { giveSigningSecret } from './secrets.ts'
import {
  countForAdding,
  deactivateWebhook,
  deleteDeliveries,
  deleteWebhook,
  findWebhook,
  insertWebhook,
  listWebhooks,
  type WebhookKey,
  type WebhookRecord,
} from './store.ts'
import { readUrl } from './url.ts'

/** Each costs whatever happens in the organization a little. */
const maxWebhooks = 20
const deletedAtOnce = 1000

/**
 * Subscribes a URL, and answers what its events are signed with, this once.
 * @throws {Refusal} `body-invalid`, `destination-forbidden`, `webhooks-too-many`
 */
export async function addWebhook(
  { db, egress, vault, webhookIds }: Pick<Context, 'db' | 'egress' | 'vault' | 'webhookIds'>,
  { url: given, events, description = '', active = true }: WebhookRequest,
  deed: Deed,
): Promise<Webhook> {
  const { organizationId } = deed
  const url = readUrl(egress, given)
  const seal = await vault.sealerOf(organizationId)
  const id = await webhookIds.next()
  return transaction(db, async (tx) => {
    if ((await countForAdding(tx, organizationId)) >= maxWebhooks) throw tooMany()
    const record = await insertWebhook(tx, {
      organizationId,
      id,
      url,
      events,
      description,
      active,
    })
    const secret = await giveSigningSecret(tx, seal, record, 1)
    await insertAuditEntry(tx, deed, 'webhook.created', { detail: { webhookId: id } })
    return showWebhook(record, secret)
  })
}

export async function listWebhookPage(
  { db }: Pick<Context, 'db'>,
  organizationId: number,
  page: Page,
) {
  const { after, pageSize } = page
  const found = await listWebhooks(db, { organizationId, after, limit: pageSize + 1 })
  const { items, headers } = cutPage(found, page)
  return { webhooks: items.map((record) => showWebhook(record)), headers }
}

/** @throws {Refusal} `webhook-not-found` */
export async function requireWebhook(
  { db }: Pick<Context, 'db'>,
  key: WebhookKey,
): Promise<WebhookRecord> {
  const found = await findWebhook(db, key)
  if (!found) throw webhookNotFound(key.id)
  return found
}

/**
 * Nothing is sent from then on, but what is under way, and nothing that was sent is known any more.
 * @throws {Refusal} `webhook-not-found`
 */
export async function removeWebhook({ db }: Pick<Context, 'db'>, id: number, deed: Deed) {
  const key = { organizationId: deed.organizationId, id }
  const isWhole = await transaction(db, async (tx) => {
    // First, so that no event is written for it any more, nor waits for its long history to go.
    if (!(await deactivateWebhook(tx, key))) throw webhookNotFound(id)
    await insertAuditEntry(tx, deed, 'webhook.deleted', { detail: { webhookId: id } })
    return removeSome(tx, key)
  })
  if (!isWhole) while (!(await transaction(db, (tx) => removeSome(tx, key))));
}

/** @returns whether that was the rest */
async function removeSome(db: Db, key: WebhookKey): Promise<boolean> {
  if ((await deleteDeliveries(db, key, deletedAtOnce)) === deletedAtOnce) return false
  await deleteWebhook(db, key)
  return true
}

/** @param secret where it has just been made */
export function showWebhook(record: WebhookRecord, secret: string = secretMask): Webhook {
  const { id, url, events, description, active, inactiveReason } = record
  return {
    id,
    url,
    events,
    description,
    active,
    inactiveReason,
    secret,
    previousSecretUntil: record.previousUntil?.toISOString() ?? null,
    failingSince: record.failingSince?.toISOString() ?? null,
    createdDate: record.createdAt.toISOString(),
    updatedDate: record.updatedAt.toISOString(),
  }
}

export function webhookNotFound(id: number): Refusal {
  return new Refusal(
    'webhook-not-found',
    `No webhook found with ID ${id}. Check the id, and whose secrets you sent.`,
  )
}

function tooMany(): Refusal {
  return new Refusal(
    'webhooks-too-many',
    `An organization has at most ${maxWebhooks} webhooks. Delete one, or let one take more events.`,
  )
}
