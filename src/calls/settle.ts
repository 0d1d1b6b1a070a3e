import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { dropRequest, insertContent, sealAnswer } from './content.ts'
import type { End } from './end.ts'
import { finishCall, putBack, type StoredCall } from './store.ts'

/** Writes down what has become of a call, unless another has taken it over meanwhile. */
export async function settle(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  claimed: StoredCall,
  end: End,
) {
  if (end.kind === 'later') return putBack(db, claimed, end)
  const isDone = end.kind === 'done'
  const outcome = isDone
    ? { state: 'done' as const, status: end.answer.status, code: null, message: null }
    : { state: 'failed' as const, status: null, code: end.code, message: end.message }
  const answer = isDone ? await sealAnswer(vault, claimed, end.answer) : undefined
  await transaction(db, async (tx) => {
    if (!(await finishCall(tx, claimed, outcome))) return
    await dropRequest(tx, claimed)
    if (answer) await insertContent(tx, answer)
  })
}
