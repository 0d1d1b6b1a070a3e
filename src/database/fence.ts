import { setTimeout as delay } from 'node:timers/promises'
import type { Queries } from './in-turn.ts'
import { askReplicas, type LiveReplica, notify } from './replicas-store.ts'

/** Asks everyone for an answer on the other channel, which comes after all that was notified before. */
const askChannel = 'latchkey_fence'
const answerChannel = 'latchkey_fenced'
/** Says who listens from now on. */
const joinChannel = 'latchkey_joined'
export const fenceChannels = [askChannel, answerChannel, joinChannel] as const

const patienceMs = 2_000
const retryMs = 20
/** Nobody waits longer for a replica that another one waits for. */
const spacingMs = 50

interface Round {
  answered: Set<string>
  waitsFor: Set<string> | undefined
  done(): void
}

/**
 * Lets a change be answered only when it is in force everywhere: when every live process has heard of
 * all that was committed before. Who does not answer within two seconds is left to its lease, and
 * is waited for again when it has shown a sign of life.
 */
export class Fence {
  readonly #id: string
  readonly #rounds = new Map<string, Round>()
  /** Those that did not answer, by their last sign of life. */
  readonly #lost = new Map<string, string>()
  #connection = Promise.withResolvers<Queries>()
  #hasJoined = false
  #next: Promise<{ settled: Promise<boolean> }> | undefined
  /** Until the last question is answered, or has had its time. */
  #asking: Promise<unknown> = Promise.resolve()
  #count = 0

  /** @param id of this process among the replicas */
  constructor(id: string) {
    this.#id = id
  }

  /**
   * @returns false where this process itself could not hear in time: then it must not trust what it
   *   remembers
   */
  async passed(): Promise<boolean> {
    const deadline = performance.now() + patienceMs
    // Whoever comes while a question is not answered shares the next one.
    this.#next ??= this.#asking
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        const asked = this.#ask(deadline)
        this.#asking = asked.then(({ settled }) => Promise.race([settled, delay(spacingMs)]))
        this.#asking.catch(() => {})
        return asked
      })
    try {
      return await (await this.#next).settled
    } catch {
      return false
    }
  }

  /** The connection listens, and nothing is remembered from before. */
  async join(queries: Queries): Promise<void> {
    this.#hasJoined = true
    this.#connection.resolve(queries)
    // Answers to what was asked before may be lost.
    await this.#repeat(queries)
    await notify(queries, joinChannel, this.#id)
  }

  /** The connection is no more. */
  leave() {
    if (!this.#hasJoined) return
    this.#hasJoined = false
    this.#connection = Promise.withResolvers()
  }

  hear(channel: string, payload: string, queries: Queries) {
    // A connection that fails says so itself.
    const ignore = () => {}
    if (channel === askChannel) this.#answer(payload, queries).catch(ignore)
    else if (channel === answerChannel) this.#hearAnswer(payload)
    // It did not hear what was asked before.
    else if (payload !== this.#id) this.#repeat(queries).catch(ignore)
  }

  async #answer(question: string, queries: Queries) {
    const round = this.#rounds.get(question)
    if (round) this.#note(round, this.#id)
    else if (!question.startsWith(this.#id)) {
      await notify(queries, answerChannel, `${question} ${this.#id}`)
    }
  }

  #hearAnswer(payload: string) {
    const [question = '', replica = ''] = payload.split(' ')
    this.#lost.delete(replica)
    const round = this.#rounds.get(question)
    if (round) this.#note(round, replica)
  }

  async #repeat(queries: Queries) {
    for (const question of this.#rounds.keys()) await notify(queries, askChannel, question)
  }

  #note(round: Round, replica: string) {
    round.answered.add(replica)
    if (round.waitsFor?.isSubsetOf(round.answered)) round.done()
  }

  /** Answers once the question is sent; `settled` when it is answered, or it is too late. */
  async #ask(deadline: number): Promise<{ settled: Promise<boolean> }> {
    this.#count += 1
    const question = `${this.#id}/${this.#count}`
    const { promise, resolve: done } = Promise.withResolvers<void>()
    const round: Round = { answered: new Set(), waitsFor: undefined, done }
    this.#rounds.set(question, round)
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, Math.max(0, deadline - performance.now()))
    const settle = () => {
      clearTimeout(timer)
      this.#rounds.delete(question)
      return round.answered.has(this.#id)
    }
    const live = await Promise.race([this.#send(question, deadline), late.promise])
    if (!live) return { settled: Promise.resolve(settle() && false) }
    round.waitsFor = new Set([this.#id, ...this.#reachable(live)])
    const settled = Promise.race([promise, late.promise]).then(() => {
      this.#giveUp(live, round)
      return settle()
    })
    if (round.waitsFor.isSubsetOf(round.answered)) done()
    return { settled }
  }

  /** Over this connection or the next one; undefined when it is too late. */
  async #send(question: string, deadline: number): Promise<LiveReplica[] | undefined> {
    while (performance.now() < deadline) {
      try {
        return await askReplicas(await this.#connection.promise, askChannel, question)
      } catch {
        await delay(retryMs)
      }
    }
    return undefined
  }

  #reachable(live: readonly LiveReplica[]): string[] {
    const known = new Set(live.map(({ id }) => id))
    for (const id of this.#lost.keys()) if (!known.has(id)) this.#lost.delete(id)
    return live.filter(({ id, beatAt }) => this.#lost.get(id) !== beatAt).map(({ id }) => id)
  }

  #giveUp(live: readonly LiveReplica[], { answered, waitsFor }: Round) {
    for (const { id, beatAt } of live) {
      if (waitsFor?.has(id) && !answered.has(id) && id !== this.#id) this.#lost.set(id, beatAt)
    }
  }
}
