import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { dropRequest, insertContent, sealAnswer } from './content.ts'
import type { End } from './end.ts'
import { finishCall, holdInstance, putBack } from './lane-store.ts'
import type { StoredCall } from './store.ts'

/** Longer than a database takes to be back, in most cases. */
const patienceMs = 120_000
const longestPauseMs = 5_000

/**
 * Writes down what has become of a call, unless another has taken it over meanwhile. What the vendor
 * has got is not sent again because a database was away when its answer came.
 */
export async function settleInTime(
  context: Pick<Context, 'db' | 'vault' | 'log'>,
  claimed: StoredCall,
  end: End,
  stopping: AbortSignal,
) {
  const until = performance.now() + patienceMs
  for (let pauseMs = 250; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await settle(context, claimed, end)
    } catch (err) {
      if (stopping.aborted || performance.now() + pauseMs > until) throw err
      context.log.warn({ err, callId: claimed.id }, 'the end of a call could not be written down')
    }
    // What ends meanwhile tries once more.
    await delay(pauseMs, undefined, { signal: stopping }).catch(() => {})
  }
}

async function settle({ db, vault }: Pick<Context, 'db' | 'vault'>, claimed: StoredCall, end: End) {
  if (end.kind === 'later') return putBack(db, claimed, end)
  const isDone = end.kind === 'done'
  const outcome = isDone
    ? { state: 'done' as const, status: end.answer.status, code: null, message: null }
    : { state: 'failed' as const, status: null, code: end.code, message: end.message }
  const answer = isDone ? await sealAnswer(vault, claimed, end.answer) : undefined
  await transaction(db, async (tx) => {
    await holdInstance(tx, claimed)
    if (!(await finishCall(tx, claimed, outcome))) return
    await dropRequest(tx, claimed)
    if (answer) await insertContent(tx, answer)
  })
}
