import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'

/** So many calls at once, each left after a while, give or take a half, and the next one after a pause. */
export interface BadOrder {
  url: string
  authorization: string
  callers: number
  leaveAfterMs: number
  pauseMs: number
}

/** How many calls ended with which status; `broken` where none came, or not all of the answer. */
export type BadResult = Record<string, number>

// Another tenant, in a process of its own. Without an order it is quiet.
process.once('disconnect', () => process.exit())
const agent = new Agent({ connections: 1_000 })
let round = new AbortController()
let running: Promise<unknown> = Promise.resolve()
let ended: BadResult = {}

async function go(order: BadOrder, over: AbortSignal, at: number) {
  const { url, authorization, callers, leaveAfterMs, pauseMs } = order
  const { origin, pathname: path } = new URL(url)
  // Not all in step.
  await delay((pauseMs * at) / callers)
  while (!over.aborted) {
    const left = AbortSignal.timeout(Math.round(leaveAfterMs * (0.5 + Math.random())))
    const signal = AbortSignal.any([over, left])
    let status = 'broken'
    try {
      const answer = await agent.request({
        ...{ origin, path, method: 'GET', headers: { authorization }, signal },
      })
      for await (const _ of answer.body);
      status = String(answer.statusCode)
    } catch {
      if (left.aborted) status = 'left'
    }
    if (over.aborted) return
    ended[status] = (ended[status] ?? 0) + 1
    if (pauseMs > 0) await delay(pauseMs)
  }
}

process.on('message', async (order: BadOrder | 'quiet') => {
  round.abort()
  await running
  const before = ended
  ended = {}
  if (order !== 'quiet') {
    round = new AbortController()
    const { signal } = round
    running = Promise.all(Array.from({ length: order.callers }, (_, at) => go(order, signal, at)))
  }
  process.send!(before)
})
process.send!('ready')
