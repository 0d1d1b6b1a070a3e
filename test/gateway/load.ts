import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'

/** How a call through the gateway ended. */
export interface Ended {
  status: number
  /** Ours, where it is our own answer. */
  code: string | undefined
  text: string
  /** By `performance.now()`. */
  at: number
}

/** Callers who call one after the other until they are told to end. */
export interface Load {
  ended: Ended[]
  stop(): Promise<void>
}

interface LoadOptions {
  url: string
  authorization: string
  path: string
  callers: number
  restMs: number
  headers?: Record<string, string>
  /** A call that has no answer by then hangs. */
  patienceMs: number
}

export function startLoad(options: LoadOptions): Load {
  const agent = new Agent({ connections: options.callers })
  const ended: Ended[] = []
  const stopping = new AbortController()
  const go = async () => {
    while (!stopping.signal.aborted) {
      ended.push(await callOnce(agent, options))
      await delay(options.restMs)
    }
  }
  const callers = Array.from({ length: options.callers }, go)
  return {
    ended,
    async stop() {
      stopping.abort()
      await Promise.all(callers)
      await agent.close()
    },
  }
}

/** A call that fails is one with the status 0, and one that hangs with the status -1. */
async function callOnce(agent: Agent, options: LoadOptions): Promise<Ended> {
  const { url, path, authorization, headers, patienceMs } = options
  const signal = AbortSignal.timeout(patienceMs)
  try {
    const answer = await agent.request({
      origin: url,
      path: `/proxy${path}`,
      method: 'GET',
      headers: { authorization, ...headers },
      signal,
    })
    const text = await answer.body.text()
    const code = answer.headers['elements-error']?.toString()
    return { status: answer.statusCode, code, text, at: performance.now() }
  } catch (error) {
    const status = signal.aborted ? -1 : 0
    return { status, code: undefined, text: String(error), at: performance.now() }
  }
}

/** How many ended how: the status, with the code of our own refusals. */
export function countsOf(ended: readonly Ended[]): Record<string, number> {
  const groups = Map.groupBy(ended, ({ status, code }) =>
    code ? `${status} ${code}` : `${status}`,
  )
  return Object.fromEntries([...groups].map(([name, { length }]) => [name, length]))
}
