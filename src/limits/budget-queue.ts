import { setImmediate as othersTurn } from 'node:timers/promises'
import { CallQueue } from './call-queue.ts'
import type { Deadlines } from './deadlines.ts'
import type { LimitBudget } from './limited.ts'
import type { PoolGate, Wakeable } from './pool-gate.ts'
import { type Left, renderRateLimit } from './rate-limit-headers.ts'
import { Stock } from './stock.ts'
import type { Answer, BudgetTerms, PoolQuestion, Question } from './take-store.ts'
import type { Grantor } from './turn.ts'
import { Turn } from './turn.ts'
import type { Waiting } from './waiting.ts'

const leastWanted = 8
const mostWanted = 64
const growth = 1.25
/** Calls that start in one go: each has its request written, which others wait for. */
const slice = 16
const maxPools = 40
const backMs = 10
const longestPauseMs = 2_000
/** Other processes may give back what they were too late for: soon after it was granted, or later. */
const shortestSleepMs = 40
const longestSleepMs = 2_000

export type Asked = Pick<Question, 'budget' | 'pools' | 'runs'>

/** What queues need of the limiter. */
export interface Asking {
  readonly deadlines: Deadlines
  isLeased(turn: Turn): boolean
  granted(turn: Turn): void
  over(turn: Turn): void
  /** Permits did not live long enough. */
  tooLate(): void
  /** How long a permit lives from before it was asked for. */
  lifeMs(budget: LimitBudget | undefined): number
  /** What of such a life the margins do not hold. */
  patienceMs(lifeMs: number): number
  terms(budget: LimitBudget): BudgetTerms
  ask(asked: Asked): Promise<{ answer: Answer; askedAt: number; replica: number }>
}

/**
 * The calls of this process that wait for one budget, or where they have none for the same pools.
 * One question is under way at most, and none for calls that are not there.
 */
export class BudgetQueue implements Wakeable, Grantor {
  readonly calls = new CallQueue()
  budget: LimitBudget | undefined
  readonly #limiter: Asking
  readonly #stock = new Stock()
  #back = new Map<number, number>()
  #left: { windows: Left[]; at: number } = { windows: [], at: 0 }
  /** How many calls the process is able to start in the life of a permit. */
  #wanted = mostWanted
  #asking = false
  #sleepsUntil = 0
  /** For how long at most, longer with every question that was in vain. */
  #sleepMs = shortestSleepMs
  /** Whether that was the reason to ask nothing: by now it may be over. */
  #asleep = false
  #failures = 0
  #lateAt = 0
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY

  constructor(budget: LimitBudget | undefined, limiter: Asking) {
    this.budget = budget
    this.#limiter = limiter
  }

  get deadlines() {
    return this.#limiter.deadlines
  }

  get isIdle(): boolean {
    return (
      this.calls.size === 0 &&
      this.#back.size === 0 &&
      this.#stock.end === undefined &&
      !this.#asking
    )
  }

  join(one: Waiting, first: boolean) {
    for (const gate of one.gates) gate.waiting += 1
    this.calls.join(one, first)
    this.#serve()
    if (one.line) this.wake()
  }

  /** Of several revisions the newest is in force, for calls that wait already as well. */
  heed(budget: LimitBudget) {
    const { revision } = this.budget!
    if (budget.revision < revision) return
    this.budget = budget
    if (budget.revision === revision) return
    this.#sleepMs = shortestSleepMs
    this.sleep(0)
  }

  leave(one: Waiting) {
    if (!one.line) return
    for (const gate of one.gates) gate.waiting -= 1
    this.calls.leave(one)
  }

  wake() {
    if (!this.#asking) void this.#ask()
  }

  /** Asks nothing for so long. */
  sleep(ms: number) {
    this.#putBack()
    this.#sleepsUntil = performance.now() + ms
    if (ms === 0) this.wake()
  }

  isLeased(turn: Turn): boolean {
    return this.#limiter.isLeased(turn)
  }

  headers(): Record<string, string> {
    if (!this.budget) return {}
    const passed = performance.now() - this.#left.at
    const left = this.#left.windows.map((one) => ({ ...one, resetMs: one.resetMs - passed }))
    return renderRateLimit(this.budget.windows, left)
  }

  over(turn: Turn, unused: boolean) {
    const { waiting } = turn
    if (unused) this.#giveBack(turn.at, 1)
    if (unused && turn.isLate()) this.#slowDown(turn.at)
    for (const gate of waiting.gates) gate.free(waiting.limited.share)
    this.#limiter.over(turn)
  }

  #slowDown(at: number) {
    if (at <= this.#lateAt) return
    this.#lateAt = at
    this.#wanted = Math.max(leastWanted, this.#wanted / 2)
    this.#limiter.tooLate()
  }

  close() {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #ask() {
    this.#asking = true
    try {
      for (let asked = this.#compose(); asked; asked = this.#compose()) await this.#exchange(asked)
    } finally {
      this.#asking = false
      this.#plan()
    }
  }

  async #exchange({ wanted, gates, question, lifeMs }: Composed) {
    try {
      const { answer, askedAt, replica } = await this.#limiter.ask(question)
      this.#failures = 0
      const turn = { replica, at: answer.at, freshUntil: askedAt + lifeMs }
      this.#note(answer)
      const left = await this.#grant(wanted, question, answer, turn)
      for (const [at, gate] of gates.entries()) {
        const full = answer.freePlaces[at] === 0 && left.some((one) => one.gates.includes(gate))
        gate.answered({ full, othersWait: answer.othersWait[at] ?? false })
      }
    } catch {
      // The limiter has told of it. Whether it was granted is not known: then it is lost.
      this.#failures += 1
      for (const gate of gates) gate.answered(undefined)
      this.sleep(Math.min(longestPauseMs, 50 * 2 ** this.#failures) + 1)
    }
  }

  /** Gives what is in stock to calls that need nothing else. */
  #serve() {
    if (this.#stock.end === undefined) return
    const now = performance.now()
    for (;;) {
      const [one] = this.calls.next(1, ({ gates }) => gates.length === 0)
      const granted = one && this.#stock.take(now)
      if (!granted) return
      this.#give(one, granted)
    }
  }

  /** @returns who got nothing */
  async #grant(
    wanted: Waiting[],
    { runs }: Asked,
    { granted, lapsed }: Answer,
    turn: { replica: number; at: number; freshUntil: number },
  ): Promise<Waiting[]> {
    const left: Waiting[] = []
    const isLate = () => lapsed || performance.now() >= turn.freshUntil
    let given = 0
    let start = 0
    let spare = 0
    let stocked = 0
    for (const [at, { count }] of runs.entries()) {
      const turns = granted[at]!
      stocked += Math.max(0, start + turns - wanted.length)
      for (const [place, one] of wanted.slice(start, start + count).entries()) {
        if (place >= turns) {
          left.push(one)
          continue
        }
        if (given > 0 && given % slice === 0) await othersTurn()
        // It may have left meanwhile, or have been given what was in stock.
        if (one.line && !isLate()) {
          given += 1
          this.#give(one, turn)
        } else {
          spare += 1
          for (const gate of one.gates) gate.correct()
        }
      }
      start += count
    }
    if (isLate()) spare += stocked
    else if (stocked > 0) {
      this.#putBack()
      this.#stock.put(turn, stocked)
      this.#serve()
    }
    if (spare > 0) this.#giveBack(turn.at, spare)
    return left
  }

  #give(one: Waiting, granted: { replica: number; at: number; freshUntil: number }) {
    for (const gate of one.gates) {
      gate.waiting -= 1
      gate.hold(one.limited.share)
    }
    this.calls.serve(one)
    const turn = new Turn(one, granted, this)
    this.#limiter.granted(turn)
    one.grant(turn)
  }

  #note({ granted, wait, windowPeriods, remaining, resets }: Answer) {
    const now = performance.now()
    const isVain = granted.every((count) => count === 0)
    this.#wanted = Math.min(mostWanted, this.#wanted * growth)
    this.#sleepMs = isVain ? Math.min(1.5 * this.#sleepMs, longestSleepMs) : shortestSleepMs
    // What goes back is asked for again by who gives it back, if nobody else is quicker.
    const longest = this.#back.size > 0 ? backMs : this.#sleepMs
    const waitMs = Math.min(wait / 1000, longest)
    if (waitMs > 0) this.#sleepsUntil = Math.max(this.#sleepsUntil, now + waitMs)
    const windows = windowPeriods.map((period, at) => ({
      periodMs: period / 1000,
      remaining: remaining[at]!,
      resetMs: resets[at]! / 1000,
    }))
    this.#left = { windows, at: now }
  }

  /** The next question, where there is one to ask now. */
  #compose(): Composed | undefined {
    const now = performance.now()
    this.#asleep = now < this.#sleepsUntil
    const gates: PoolGate[] = []
    const may = (one: Waiting): boolean => {
      const closed = one.gates.find((gate) => !gate.isOpen(now))
      closed?.await(this)
      const more = one.gates.filter((gate) => !gates.includes(gate))
      if (closed || gates.length + more.length > maxPools) return false
      gates.push(...more)
      return true
    }
    const wanted = this.#asleep ? [] : this.calls.next(Math.floor(this.#wanted), may)
    if (wanted.length === 0) return undefined
    gates.sort((one, other) => (one.terms.name < other.terms.name ? -1 : 1))
    const runs: Asked['runs'] = []
    const pools: PoolQuestion[] = gates.map((gate) => {
      gate.asking = true
      const first = wanted.find((one) => one.gates.includes(gate))!
      return gate.describe(now - first.since)
    })
    for (const one of wanted) {
      const mask = one.gates.reduce((bits, gate) => bits + 2 ** gates.indexOf(gate), 0)
      const run = runs.at(-1)
      if (run?.pools === mask) run.count += 1
      else runs.push({ count: 1, pools: mask })
    }
    const lifeMs = this.#limiter.lifeMs(this.budget)
    const [run] = runs
    if (this.budget && gates.length === 0 && run && this.calls.size === wanted.length) {
      this.#putBack(now)
      run.count += this.#stock.want(now, lifeMs, this.budget, this.#left.windows)
    }
    return { wanted, gates, question: { budget: this.#describe(now, lifeMs), pools, runs }, lifeMs }
  }

  /** What of the stock lives no longer, or all of it. */
  #putBack(now?: number) {
    const rest = this.#stock.empty(now)
    if (rest) this.#giveBack(rest.at, rest.count)
  }

  #describe(now: number, lifeMs: number): Asked['budget'] {
    if (!this.budget) return undefined
    const back = [...this.#back].map(([at, count]) => ({ at, count }))
    this.#back = new Map()
    return {
      terms: this.#limiter.terms(this.budget),
      waiting: this.calls.size,
      waitedMs: this.calls.size > 0 ? now - this.calls.oldest() : 0,
      patienceMs: this.#limiter.patienceMs(lifeMs),
      back,
    }
  }

  #giveBack(at: number, count: number) {
    if (!this.budget) return
    this.#back.set(at, (this.#back.get(at) ?? 0) + count)
    this.#sleepsUntil = Math.min(this.#sleepsUntil, performance.now() + backMs)
    this.#plan()
  }

  /** When it asks by itself. */
  #plan() {
    const now = performance.now()
    if (this.calls.size > 0 && this.#asleep) this.#wakeAt(Math.max(this.#sleepsUntil, now))
    else if (this.#back.size > 0) this.#wakeAt(now + backMs)
    else if (this.#stock.end !== undefined) this.#wakeAt(this.#stock.end)
  }

  #wakeAt(at: number) {
    if (this.#closed || at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(this.#due, Math.max(1, Math.ceil(at - performance.now())))
  }

  readonly #due = () => {
    this.#timerAt = Number.POSITIVE_INFINITY
    if (this.#asking) return
    this.#putBack(performance.now())
    if (this.#back.size > 0 && this.calls.size === 0) void this.#flush()
    else this.wake()
  }

  async #flush() {
    this.#asking = true
    const lifeMs = this.#limiter.lifeMs(this.budget)
    const question = { budget: this.#describe(performance.now(), lifeMs), pools: [], runs: [] }
    await this.#exchange({ wanted: [], gates: [], question, lifeMs })
    this.#asking = false
    this.wake()
  }
}

interface Composed {
  wanted: Waiting[]
  gates: PoolGate[]
  question: Asked
  lifeMs: number
}
