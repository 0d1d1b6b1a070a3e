import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'

/** So many calls at once to a vendor of bad manners, each left after a while. */
export interface BadOrder {
  url: string
  authorization: string
  callers: number
  leaveAfterMs: number
}

// Another tenant, in a process of its own. Without an order it is quiet.
process.once('disconnect', () => process.exit())
const agent = new Agent({ connections: 1_000 })
let round = new AbortController()
let running: Promise<unknown> = Promise.resolve()

async function go({ url, authorization, leaveAfterMs }: BadOrder, over: AbortSignal, at: number) {
  const { origin, pathname: path } = new URL(url)
  // Not all in step.
  await delay(at)
  while (!over.aborted) {
    const signal = AbortSignal.any([over, AbortSignal.timeout(leaveAfterMs)])
    try {
      const answer = await agent.request({
        ...{ origin, path, method: 'GET', headers: { authorization }, signal },
      })
      for await (const _ of answer.body);
    } catch {}
    await delay(100)
  }
}

process.on('message', async (order: BadOrder | 'quiet') => {
  round.abort()
  await running
  if (order !== 'quiet') {
    round = new AbortController()
    const { signal } = round
    running = Promise.all(Array.from({ length: order.callers }, (_, at) => go(order, signal, at)))
  }
  process.send!('done')
})
process.send!('ready')
