import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { dropRequest } from './content.ts'
import { type CallKey, type CallState, cancelWaiting, findCall, type StoredCall } from './store.ts'

/**
 * Takes a call of which nothing has been sent out of the queue, and tells the audit. What is
 * cancelled is not sent, also where another process tries it at that moment.
 * @throws {Refusal} `call-not-found`, `call-not-waiting`
 */
export async function cancelCall(
  { db }: Pick<Context, 'db'>,
  deed: Deed & { userId: number },
  id: number,
): Promise<StoredCall> {
  const key = { organizationId: deed.organizationId, id, userId: deed.userId }
  for (;;) {
    const cancelled = await transaction(db, (tx) => cancel(tx, key, deed))
    if (cancelled) return cancelled
    const { state } = await requireCall({ db }, key)
    // Put back in between.
    if (state !== 'waiting') throw notWaiting(id, state)
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

function notWaiting(id: number, state: CallState): Refusal {
  return new Refusal(
    'call-not-waiting',
    isOver(state)
      ? `The call ${id} is over: ${state}. There is nothing left to cancel.`
      : `The call ${id} is on its way to the vendor, or may be, and is not called back. Ask for it again to see what has become of it.`,
  )
}

function isOver(state: CallState): boolean {
  return state !== 'waiting' && state !== 'sending'
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
