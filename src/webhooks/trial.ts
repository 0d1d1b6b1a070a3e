import { randomUUID } from 'node:crypto'
import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import type { WebhookTrial } from './delivery-schema.ts'
import { listSigningSecrets } from './secrets-store.ts'
import { sendMessage } from './send.ts'
import { requireWebhook } from './webhooks.ts'

/** Never among the events of an instance: a receiver answers it, and does no more. */
const trialType = 'webhook.test'

/**
 * Sends a test event once, also to a webhook that is not active, and tells what came back.
 * @throws {Refusal} `webhook-not-found`, `webhook-busy`
 */
export async function tryWebhook(
  context: Pick<Context, 'db' | 'egress' | 'vault' | 'receivers'>,
  id: number,
  deed: Deed,
): Promise<WebhookTrial> {
  const { db, receivers } = context
  const { organizationId } = deed
  const webhook = await requireWebhook(context, { organizationId, id })
  const secrets = await listSigningSecrets(db, webhook)
  using place = receivers.enter(new URL(webhook.url).host)
  if (!place) throw busy()
  // Nothing goes out that the audit does not tell.
  await insertAuditEntry(db, deed, 'webhook.tested', { detail: { webhookId: id } })
  const timestamp = new Date().toISOString()
  const body = JSON.stringify({ type: trialType, timestamp, data: { webhookId: id } })
  const messageId = `evt_${randomUUID()}`
  const { outcome, durationMs } = await sendMessage(
    context,
    { ...webhook, secrets },
    { id: messageId, body },
  )
  const { delivered, status, failure, answer } = outcome
  return { messageId, delivered, status, durationMs, failure, answer }
}

function busy(): Refusal {
  return new Refusal('webhook-busy', {
    message: 'Too much is being sent to this host at the moment. Try again in a few seconds.',
    retryAfter: 5,
  })
}
