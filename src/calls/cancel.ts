import { setTimeout as delay } from 'node:timers/promises'
import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { dropRequest } from './content.ts'
import { type CallKey, cancelWaiting, findCall, type StoredCall } from './store.ts'

/** Where a limit is used up, a call that is tried is put back before that. */
const patienceMs = 3_000
const pauseMs = 200

/**
 * Takes a call that waits out of the queue, and tells the audit. One that is being tried is waited
 * for a moment: where the limits do not let it through, it is put back.
 * @throws {Refusal} `call-not-found`, `call-not-waiting`
 */
export async function cancelCall(
  { db }: Pick<Context, 'db'>,
  deed: Deed & { userId: number },
  id: number,
): Promise<StoredCall> {
  const key = { organizationId: deed.organizationId, id, userId: deed.userId }
  const until = performance.now() + patienceMs
  for (;;) {
    const cancelled = await transaction(db, (tx) => cancel(tx, key, deed))
    if (cancelled) return cancelled
    const { state } = await requireCall({ db }, key)
    if (state === 'sending' && performance.now() < until) await delay(pauseMs)
    else if (state !== 'waiting') throw notWaiting(id, state)
  }
}

async function cancel(
  db: Db,
  key: CallKey & { userId: number },
  deed: Deed,
): Promise<StoredCall | undefined> {
  const cancelled = await cancelWaiting(db, key)
  if (!cancelled) return undefined
  await dropRequest(db, key)
  const subject = { instanceId: cancelled.instanceId, detail: { callId: key.id } }
  await insertAuditEntry(db, deed, 'call.cancelled', subject)
  return cancelled
}

function notWaiting(id: number, state: string): Refusal {
  return new Refusal(
    'call-not-waiting',
    state === 'sending'
      ? `The call ${id} is being sent at this moment. Ask for it again to see what the vendor answers.`
      : `The call ${id} is over: ${state}. There is nothing left to cancel.`,
  )
}

/** @throws {Refusal} `call-not-found` */
export async function requireCall(
  { db }: { db: Parameters<typeof findCall>[0] },
  key: CallKey & { userId: number },
): Promise<StoredCall> {
  const found = await findCall(db, key)
  if (found) return found
  throw new Refusal(
    'call-not-found',
    `You have no call ${key.id}, or none any more: what is over is kept for 24 hours.`,
  )
}
