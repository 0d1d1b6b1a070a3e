import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { dropRequest } from './content.ts'
import { type CallKey, cancelWaiting, findCall, type StoredCall } from './store.ts'

/**
 * Takes a call that waits out of the queue, and tells the audit.
 * @throws {Refusal} `call-not-found`, `call-not-waiting`
 */
export function cancelCall(
  { db }: Pick<Context, 'db'>,
  deed: Deed & { userId: number },
  id: number,
): Promise<StoredCall> {
  const key = { organizationId: deed.organizationId, id, userId: deed.userId }
  return transaction(db, async (tx) => {
    const cancelled = await cancelWaiting(tx, key)
    if (!cancelled) {
      const { state } = await requireCall({ db: tx }, key)
      throw new Refusal(
        'call-not-waiting',
        state === 'sending'
          ? `The call ${id} is being sent at this moment. Ask for it again to see what the vendor answers.`
          : `The call ${id} is over: ${state}. There is nothing left to cancel.`,
      )
    }
    await dropRequest(tx, key)
    const { instanceId } = cancelled
    await insertAuditEntry(tx, deed, 'call.cancelled', { instanceId, detail: { callId: id } })
    return cancelled
  })
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
