import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import type { InstanceName, SoakStage } from './soak-stage.ts'

/** Calls of one kind, by so many callers who rest between two calls. */
interface Kind {
  callers: number
  restMs: number
  instance: InstanceName
  method?: 'GET' | 'POST'
  path: string
  bytes?: number
  headers?: Record<string, string>
  /** Statuses that are right; 0 for a call that breaks off. */
  expected: number[]
  /** The client leaves after that, answer or none. */
  leavesAfterMs?: number
}

const kinds: Record<string, Kind> = {
  small: { callers: 6, restMs: 10, instance: 'plain', path: '/small', expected: [200] },
  large: {
    callers: 2,
    restMs: 100,
    instance: 'plain',
    ...{ method: 'POST', path: '/large', bytes: 1024 * 1024 },
    expected: [200],
  },
  limited: { callers: 8, restMs: 1, instance: 'limited', path: '/small', expected: [200] },
  'limited, in vain': {
    callers: 4,
    restMs: 20,
    instance: 'limited',
    path: '/small',
    headers: { 'elements-wait-timeout': '0.05' },
    expected: [200, 429],
  },
  'limited, left': {
    ...{ callers: 2, restMs: 20, instance: 'limited', path: '/hang' },
    leavesAfterMs: 60,
    expected: [0],
  },
  cancelled: {
    ...{ callers: 2, restMs: 10, instance: 'plain', path: '/hang' },
    leavesAfterMs: 40,
    expected: [0],
  },
  failing: { callers: 2, restMs: 20, instance: 'failing', path: '/fail', expected: [500] },
  retried: {
    ...{ callers: 1, restMs: 200, instance: 'failing', path: '/reset' },
    headers: { 'elements-retry': '1' },
    expected: [502, 503],
  },
  broken: { callers: 2, restMs: 50, instance: 'plain', path: '/break', expected: [0] },
  session: { callers: 3, restMs: 10, instance: 'session', path: '/session', expected: [200, 401] },
  events: { callers: 4, restMs: 100, instance: 'plain', path: '/events', expected: [200] },
  'events, left': {
    ...{ callers: 2, restMs: 100, instance: 'plain', path: '/events' },
    leavesAfterMs: 300,
    expected: [0],
  },
  signed: {
    callers: 2,
    restMs: 20,
    instance: 'signed',
    ...{ method: 'POST', path: '/small', bytes: 100_000 },
    expected: [200],
  },
}

/** How often each kind of call ended how. */
export type Outcomes = Map<string, Map<number, number>>

/** Everybody calls until told to pause or to end. */
export class Callers implements AsyncDisposable {
  readonly outcomes: Outcomes = new Map()
  readonly #stage: SoakStage
  readonly #agent = new Agent({ connections: 100, keepAliveTimeout: 60_000 })
  #gate: PromiseWithResolvers<void> | undefined
  #running = 0
  #isOver = false
  #changes = 0

  constructor(stage: SoakStage) {
    this.#stage = stage
    for (const [name, kind] of Object.entries(kinds)) {
      for (let caller = 0; caller < kind.callers; caller += 1) void this.#go(name, kind)
    }
    void this.#change()
  }

  /** Of all calls so far. */
  get count(): number {
    const all = [...this.outcomes.values()].flatMap((counts) => [...counts.values()])
    return all.reduce((sum, count) => sum + count, 0)
  }

  /** Those that were not answered as they should. */
  get unexpected(): string[] {
    return [...this.outcomes].flatMap(([name, counts]) =>
      [...counts]
        .filter(([status]) => !(kinds[name]?.expected ?? [200]).includes(status))
        .map(([status, count]) => `${name}: ${count} times ${status}`),
    )
  }

  /** Returns when no call is under way. */
  async pause() {
    this.#gate = Promise.withResolvers()
    while (this.#running > 0) await delay(10)
  }

  resume() {
    this.#gate?.resolve()
    this.#gate = undefined
  }

  async [Symbol.asyncDispose]() {
    this.#isOver = true
    this.resume()
    while (this.#running > 0) await delay(10)
    await this.#agent.close()
  }

  async #go(name: string, kind: Kind) {
    for (;;) {
      await this.#gate?.promise
      if (this.#isOver) return
      this.#running += 1
      const status = await this.#call(kind)
      this.#running -= 1
      this.#note(name, status)
      await delay(kind.restMs)
    }
  }

  #note(name: string, status: number) {
    const counts = this.outcomes.get(name) ?? new Map<number, number>()
    counts.set(status, (counts.get(status) ?? 0) + 1)
    this.outcomes.set(name, counts)
  }

  async #call(kind: Kind): Promise<number> {
    const { instance, method = 'GET', path, bytes, headers, leavesAfterMs } = kind
    const { authorization } = this.#stage.instances[instance]
    try {
      const answer = await this.#agent.request({
        origin: this.#stage.url,
        path: `/proxy${path}`,
        method,
        headers: { authorization, ...headers },
        body: bytes === undefined ? null : Buffer.alloc(bytes),
        ...(leavesAfterMs !== undefined && { signal: AbortSignal.timeout(leavesAfterMs) }),
      })
      for await (const _ of answer.body);
      return answer.statusCode
    } catch {
      return 0
    }
  }

  /** Every second an instance changes, so that what is known of it is forgotten. */
  async #change() {
    const { url, user, instances } = this.#stage
    const headers = { authorization: user, 'content-type': 'application/json' }
    for (const instance of this.#eachInTurn(Object.values(instances))) {
      await delay(1_000)
      await this.#gate?.promise
      if (this.#isOver) return
      this.#running += 1
      this.#changes += 1
      const body = JSON.stringify({ name: `Changed ${this.#changes} times` })
      const path = `${url}/instances/${instance.id}`
      const answer = await fetch(path, { method: 'PATCH', headers, body }).catch(() => undefined)
      await answer?.text()
      this.#running -= 1
      this.#note('changes', answer?.status ?? 0)
    }
  }

  *#eachInTurn<One>(all: readonly One[]) {
    for (;;) yield* all
  }
}
