import PQueue from 'p-queue'
import { type Db, openDatabase } from '../database/database.ts'
import { Roll } from '../egress/roll.ts'
import { Refusal } from '../http/errors.ts'
import type { Asked, Asking } from './asking.ts'
import { BudgetQueue } from './budget-queue.ts'
import { Crowd } from './crowd.ts'
import { Deadlines } from './deadlines.ts'
import { KnownLimits } from './known-limits.ts'
import { Lease } from './lease.ts'
import type { LimitBudget, Limited, LimitState, Permit, WaitOptions } from './limited.ts'
import { Pace } from './pace.ts'
import type { PoolGate } from './pool-gate.ts'
import { queueFull } from './refusals.ts'
import { readLimits } from './state-store.ts'
import { type Answer, pauseBudget, takePermits, termsOf } from './take-store.ts'
import type { Turn } from './turn.ts'
import { type WaitingRoom, waitForTurn } from './wait-for-turn.ts'

/** Questions to the database at once. */
const concurrency = 4
const patienceMs = 4_000
/** How long a permit lives from before it was asked for: what the margins hold. */
const lifeMs = 30
const longestLifeMs = 2_000
/** What is added for a process that is slow itself. */
const mostGraceMs = 120
/** What of it is to be left when the answer comes. */
const leastLeftMs = 5
const defaults = {
  maxWaiting: 10_000,
  maxWaitingInAll: 50_000,
  maxWaitingOfOne: 25_000,
  jitterMs: 35,
}

export interface LimiterOptions {
  url: string
  onError(error: Error): void
  /** What the way to the vendor may take longer for one call than for another; 35, unless said. */
  jitterMs?: number
  /** How many calls may wait for one budget in this process; 10,000, unless said otherwise. */
  maxWaiting?: number
  /** How many calls may wait in this process. */
  maxWaitingInAll?: number
  /** How many of them may be of one organization: some room is left for others. */
  maxWaitingOfOne?: number
}

/**
 * Lets calls start when the limits of all replicas together allow for it. For a budget of N calls in
 * T, no more than N are seen by the vendor in any T, as far as it sees them at most the jitter
 * later than they were sent.
 */
export class Limiter implements AsyncDisposable {
  readonly deadlines = new Deadlines()
  readonly #db: Db
  readonly #lease: Lease
  readonly #options: LimiterOptions & typeof defaults
  readonly #questions = new PQueue({ concurrency })
  readonly #known: KnownLimits
  readonly #room: WaitingRoom
  readonly #leased = new Roll<Turn>()
  readonly #waiting: Crowd
  #number = 0
  /** How much longer permits live since answers came too late. */
  #graceMs = 0
  #closed = false

  constructor(options: LimiterOptions) {
    this.#options = { ...defaults, ...options }
    const { url, onError } = options
    const { maxWaitingInAll: inAll, maxWaitingOfOne: ofOne } = this.#options
    this.#waiting = new Crowd({ inAll, ofOne })
    this.#db = openDatabase({ url, onError, maxConnections: concurrency, patienceMs })
    this.#known = new KnownLimits({
      open: (organizationId, budget) => new BudgetQueue(budget, this.#asking(organizationId)),
      tell: (organizationId, gate) => this.#tell(organizationId, gate),
    })
    this.#room = {
      deadlines: this.deadlines,
      queueOf: (limited) => this.#queueOf(limited),
      gateOf: (organizationId, pool) => this.#known.gateOf(organizationId, pool),
      left: (organizationId) => this.#waiting.leave(organizationId),
    }
    this.#lease = new Lease(this.#db, {
      onError,
      onOver: () => {
        this.#leased.tell((turn) => turn.end('lease-over'))
      },
    })
  }

  /** Calls of this process: those that wait, and those with a place in a pool. */
  get counts() {
    return { waiting: this.#waiting.size, placed: this.#leased.size }
  }

  /**
   * The call's turn, in the order of arrival among those of its instance.
   * @throws {Refusal} `limit-queue-full` and `limit-wait-over`, with when to try again; `unavailable`
   *   where the process ends
   */
  acquire(limited: Limited, options: WaitOptions): Promise<Permit> {
    const { signal, first = false } = options
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#closed) return Promise.reject(ending())
    this.#known.forget()
    const queue = this.#queueOf(limited)
    const full = queue.calls.size >= this.#options.maxWaiting
    if (!first && (full || !this.#waiting.hasRoomFor(limited.organizationId))) {
      return Promise.reject(queueFull(limited, queue.calls.state()))
    }
    this.#waiting.enter(limited.organizationId)
    return waitForTurn(this.#room, limited, options)
  }

  /** The instances whose calls wait in this process; of one organization, where it is named. */
  waitingInstances(organizationId?: number): { organizationId: number; id: number }[] {
    const organizations = organizationId ? [organizationId] : this.#known.organizationIds()
    return organizations.flatMap((organizationId) => {
      const shares = this.#known.queuesOf(organizationId).flatMap(({ calls }) => calls.shares())
      return [...new Set(shares)].map((id) => ({ organizationId, id }))
    })
  }

  /** The calls of an instance that wait in this process. */
  waitingOf(organizationId: number, instanceId: number): number {
    const queues = this.#known.queuesOf(organizationId)
    return queues.reduce((sum, { calls }) => sum + calls.of(instanceId).length, 0)
  }

  /**
   * What limits an instance is another now, or nothing: its calls that wait here go on by that, in
   * their order.
   */
  async move(organizationId: number, instanceId: number, limited: Limited | undefined) {
    if (limited) this.#queueOf(limited)
    for (const pool of limited?.pools ?? []) this.#known.gateOf(organizationId, pool)
    const pace = new Pace()
    for (const queue of this.#known.queuesOf(organizationId)) {
      for (const one of queue.calls.of(instanceId)) {
        if (limited && isAlike(one.limited, limited)) continue
        await pace.step()
        if (one.line) one.move(limited)
      }
    }
  }

  /**
   * Its terms are new: those that wait here are asked for under them at once, those of other
   * replicas when they ask next.
   */
  async heed(limited: Limited) {
    const { organizationId, budget, pools } = limited
    for (const pool of pools) this.#known.gateOf(organizationId, pool)
    if (!budget) return
    const queue = this.#queueOf(limited)
    const { waiting, longestWaitMs: waitedMs } = queue.calls.state()
    const described = { terms: this.#terms(budget), waiting, waitedMs, patienceMs: 0, back: [] }
    // It has told of what went wrong; whoever calls next names the terms as well.
    await this.#ask(organizationId, { budget: described, pools: [], runs: [] }).catch(() => {})
  }

  /** The vendor has asked for it: no call of the budget starts anywhere for so many seconds. */
  async pause(limited: Limited, seconds: number) {
    const { organizationId, budget } = limited
    if (!budget) return
    this.#known.queueOf(limited).sleep(seconds * 1000)
    await pauseBudget(this.#db, organizationId, this.#terms(budget), seconds * 1000)
  }

  /** How full its budget and pools are, over all replicas. */
  async state(limited: Limited): Promise<LimitState> {
    const state = await readLimits(this.#db, limited)
    const here = this.#known.queueOf(limited).calls.state()
    const { budget } = state
    if (!budget) return state
    // Who knows that it would be in vain does not ask, so that the database has not heard of it.
    const waiting = Math.max(budget.waiting, here.waiting)
    const longestWaitMs = Math.max(budget.longestWaitMs, here.longestWaitMs)
    return { ...state, budget: { ...budget, waiting, longestWaitMs } }
  }

  /** How many calls wait for the same in this process alone. */
  waitingHere(limited: Limited): number {
    return this.#known.queueOf(limited).calls.size
  }

  async [Symbol.asyncDispose]() {
    this.#closed = true
    for (const queue of this.#known.queues()) {
      queue.close()
      for (const one of queue.calls.next(Number.POSITIVE_INFINITY, () => true)) one.refuse(ending())
    }
    for (const gate of this.#known.gates()) gate.close()
    await this.#questions.onIdle()
    await this.#lease[Symbol.asyncDispose]()
    await this.#db[Symbol.asyncDispose]()
  }

  /** Of which it knows what is in force. */
  #queueOf(limited: Limited): BudgetQueue {
    const queue = this.#known.queueOf(limited)
    if (limited.budget) queue.heed(limited.budget)
    return queue
  }

  #asking(organizationId: number): Asking {
    return {
      deadlines: this.deadlines,
      lifeMs: (budget) => this.#lifeMs(budget),
      patienceMs: (life) => life - lifeMs,
      terms: (budget) => this.#terms(budget),
      isLeased: ({ replica, waiting }) =>
        waiting.gates.length === 0 || (replica === this.#lease.replica && this.#lease.isAlive()),
      granted: (turn) => {
        if (turn.waiting.gates.length > 0) this.#leased.add(turn)
      },
      over: (turn) => this.#leased.delete(turn),
      tooLate: () => {
        if (this.#graceMs < mostGraceMs) this.#graceMs += lifeMs / 2
      },
      ask: (asked) => this.#ask(organizationId, asked),
    }
  }

  /** Long enough for how long the database takes at the moment. */
  #lifeMs(budget: LimitBudget | undefined): number {
    // A place alone does not age.
    if (!budget) return longestLifeMs
    const shortest = Math.min(...budget.windows.map(({ periodMs }) => periodMs))
    const wanted = Math.max(lifeMs, shortest / 500) + this.#graceMs
    return Math.min(wanted, longestLifeMs)
  }

  #terms(budget: LimitBudget) {
    const { jitterMs } = this.#options
    return termsOf(budget, (periodMs) => lifeMs + Math.max(jitterMs, periodMs / 100))
  }

  async #ask(organizationId: number, asked: Asked) {
    try {
      return await this.#questions.add(async () => {
        if (asked.pools.length > 0) await this.#lease.ensure()
        const { replica } = this.#lease
        this.#number += 1
        const askedAt = performance.now()
        const question = { organizationId, replica, number: this.#number, ...asked }
        const answer = await takePermits(this.#db, question)
        this.#measure(performance.now() - askedAt)
        if (answer.lapsed && replica === this.#lease.replica) this.#lease.lapse()
        return { answer, askedAt, replica }
      })
    } catch (error) {
      if (!this.#closed) this.#options.onError(error as Error)
      throw error
    }
  }

  /** Where the database is slow, permits have to live longer; that costs something of the limit. */
  #measure(ms: number) {
    if (ms > lifeMs + this.#graceMs - leastLeftMs) this.#graceMs += ms
    else this.#graceMs = Math.max(0, this.#graceMs * 0.95 - 0.2)
  }

  /** Where no call asks: what a pool's places in this process are. */
  async #tell(organizationId: number, gate: PoolGate) {
    gate.asking = true
    const asked: Asked = { budget: undefined, pools: [gate.describe(0)], runs: [] }
    const told: { answer?: Answer } = await this.#ask(organizationId, asked).catch(() => ({}))
    const othersWait = told.answer?.othersWait[0] ?? false
    gate.answered(told.answer && { full: false, othersWait })
  }
}

/** Whether who waits for the one waits for the other, however much that is now. */
function isAlike(one: Limited, other: Limited): boolean {
  const names = [one, other].map(({ budget, pools }) =>
    JSON.stringify([budget?.name, pools.map(({ name }) => name)]),
  )
  return names[0] === names[1]
}

function ending(): Refusal {
  return new Refusal('unavailable', {
    message: 'The service is being stopped. Send the call again.',
    retryAfter: 1,
  })
}
