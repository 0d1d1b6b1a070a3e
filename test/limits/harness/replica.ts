import { Agent } from 'undici'
import type { Limited } from '../../../src/limits/limited.ts'
import { Limiter } from '../../../src/limits/limiter.ts'

/** What a process is told: to have so many callers, who call one after the other, until it is told otherwise. */
export interface Order {
  callers: number
  limited: Limited
  path: string
  /** Calls in all; left out: as many as they can. */
  calls?: number
}

export interface Told {
  done: number
  refused: number
  withdrawn: number
}

const { databaseUrl, vendorUrl, jitterMs } = JSON.parse(process.argv[2]!)
const limiter = new Limiter({
  url: databaseUrl,
  onError: (error) => process.stderr.write(`${error.message}\n`),
  ...(jitterMs && { jitterMs }),
})
const agent = new Agent({ keepAliveTimeout: 60_000, allowH2: false })
const told: Told = { done: 0, refused: 0, withdrawn: 0 }
let round = new AbortController()

process.on('message', async (order: Order) => {
  round.abort()
  round = new AbortController()
  const { signal } = round
  let left = order.calls ?? Number.POSITIVE_INFINITY
  const caller = async () => {
    while (!signal.aborted && left > 0) {
      left -= 1
      await callOnce(order, signal).then(
        () => {
          told.done += 1
        },
        () => {
          told.refused += 1
        },
      )
    }
  }
  await Promise.all(Array.from({ length: order.callers }, caller))
  process.send!(told)
})
process.send!('ready')

/** As the gateway does it: a permit that is too old by the time of the first byte is given back. */
async function callOnce({ limited, path }: Order, signal: AbortSignal) {
  const deadline = performance.now() + 120_000
  for (let first = false; ; first = true) {
    const over = new AbortController()
    const onOver = () => over.abort()
    const permit = await limiter.acquire(limited, { deadline, signal, first, onOver })
    try {
      if (await send(path, permit, over.signal)) return
      told.withdrawn += 1
    } finally {
      permit.release()
    }
  }
}

function send(
  path: string,
  permit: { isFresh(): boolean; sent(): void },
  over: AbortSignal,
): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  let withdrawn = false
  agent.dispatch(
    { origin: vendorUrl, path, method: 'GET' },
    {
      onRequestStart(controller) {
        over.addEventListener('abort', () => controller.abort(new Error('over')))
        if (permit.isFresh()) permit.sent()
        else {
          withdrawn = true
          controller.abort(new Error('withdrawn'))
        }
      },
      onResponseStart() {},
      onResponseData() {},
      onResponseEnd: () => resolve(true),
      onResponseError: (_, error) => (withdrawn ? resolve(false) : reject(error)),
    },
  )
  return promise
}
