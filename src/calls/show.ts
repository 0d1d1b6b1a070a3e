import type { Context } from '../context.ts'
import { openAnswer } from './content.ts'
import type { StoredCall as Shown } from './schema.ts'
import { countAhead, type StoredCall } from './store.ts'

/** Nobody counts further for a place in the queue. */
const farthestPlace = 10_000

/** A call as its user sees it. */
export function showCall(stored: StoredCall): Shown {
  const { id, instanceId, method, state, attempts, status, code, message } = stored
  const { createdAt, nextAt, finishedAt, expiresAt } = stored
  return {
    id,
    instanceId,
    method,
    state,
    ...(state === 'waiting' && nextAt > createdAt && { notBefore: nextAt.toISOString() }),
    attempts,
    createdAt: createdAt.toISOString(),
    ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
    ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
    ...(status !== null && { status }),
    ...(code !== null && { error: { code, message: message ?? '' } }),
  }
}

/** With its place in the queue while it waits, and with its answer once it is there. */
export async function showWhole(
  context: Pick<Context, 'db' | 'vault'>,
  stored: StoredCall,
): Promise<Shown> {
  const shown = showCall(stored)
  if (stored.state === 'done') return { ...shown, answer: await openAnswer(context, stored) }
  if (stored.state !== 'waiting') return shown
  const count = await countAhead(context.db, stored, farthestPlace)
  return { ...shown, place: Math.max(1, count) }
}
