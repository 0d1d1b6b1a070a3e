import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import type { Sealer } from '../vault/vault.ts'
import { wake } from './job.ts'
import type { Webhook, WebhookChange } from './schema.ts'
import { giveSigningSecret } from './secrets.ts'
import { deleteOlderSecrets } from './secrets-store.ts'
import { lockWebhook, secondsFromNow, updateWebhook, type WebhookRecord } from './store.ts'
import { readUrl } from './url.ts'
import { showWebhook, webhookNotFound } from './webhooks.ts'

const defaultOverlapSeconds = 86_400

/**
 * Changes what is given. A secret was made for one origin: another one takes another secret, and the
 * old one signs nothing for it. Whoever is active again gets what waits.
 * @throws {Refusal} `webhook-not-found`, `body-invalid`, `destination-forbidden`, `secrets-required`
 */
export async function changeWebhook(
  { db, egress, vault, jobs }: Pick<Context, 'db' | 'egress' | 'vault' | 'jobs'>,
  id: number,
  { url: given, events, description, active, rotateSecret = false }: WebhookChange,
  deed: Deed,
): Promise<Webhook> {
  const { organizationId } = deed
  const url = given === undefined ? undefined : readUrl(egress, given)
  const seal = await vault.sealerOf(organizationId)
  return transaction(db, async (tx) => {
    const before = await requireLocked(tx, organizationId, id)
    const moves = url !== undefined && new URL(url).origin !== new URL(before.url).origin
    if (moves && !rotateSecret) throw secretRequired(url)
    const resumes = active === true || (url !== undefined && url !== before.url)
    const changes = { url, events, description, active }
    const changed = await updateWebhook(tx, before, {
      ...changes,
      ...(active !== undefined && { inactiveReason: null }),
      ...(resumes && { failures: 0, failingSince: null, pausedUntil: null }),
    })
    const rotated = rotateSecret && (await replaceSecret(tx, seal, changed, 0))
    if (resumes && changed.active) await wake(jobs, tx, changed)
    const members = Object.entries(changes).flatMap(([key, value]) =>
      value !== undefined ? key : [],
    )
    await insertAuditEntry(tx, deed, 'webhook.changed', {
      detail: { webhookId: id, members: members.join(' '), rotateSecret },
    })
    return rotated ? showWebhook(rotated.record, rotated.secret) : showWebhook(changed)
  })
}

/**
 * Another secret takes the place of the present one; both sign for the overlap.
 * @throws {Refusal} `webhook-not-found`
 */
export async function rotateSigningSecret(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  id: number,
  overlapSeconds: number = defaultOverlapSeconds,
  deed: Deed,
): Promise<Webhook> {
  const { organizationId } = deed
  const seal = await vault.sealerOf(organizationId)
  return transaction(db, async (tx) => {
    const before = await requireLocked(tx, organizationId, id)
    const { record, secret } = await replaceSecret(tx, seal, before, overlapSeconds)
    const detail = { webhookId: id, overlapSeconds }
    await insertAuditEntry(tx, deed, 'webhook.secret-rotated', { detail })
    return showWebhook(record, secret)
  })
}

/** Of those before, at most one is kept. */
async function replaceSecret(db: Db, seal: Sealer, before: WebhookRecord, overlapSeconds: number) {
  const version = before.secretVersion + 1
  const secret = await giveSigningSecret(db, seal, before, version)
  const kept = overlapSeconds > 0 ? before.secretVersion : version
  await deleteOlderSecrets(db, { ...before, version: kept })
  const record = await updateWebhook(db, before, {
    secretVersion: version,
    previousUntil: overlapSeconds > 0 ? secondsFromNow(overlapSeconds) : null,
  })
  return { record, secret }
}

async function requireLocked(db: Db, organizationId: number, id: number): Promise<WebhookRecord> {
  const found = await lockWebhook(db, { organizationId, id })
  if (!found) throw webhookNotFound(id)
  return found
}

function secretRequired(url: string): Refusal {
  return new Refusal('secrets-required', {
    message: `The signing secret was not made for ${new URL(url).origin}. Send "rotateSecret": true together with this change: the answer holds a new one.`,
    missing: [{ key: 'secret', name: 'Signing secret' }],
  })
}
