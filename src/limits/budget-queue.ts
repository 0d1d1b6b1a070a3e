import { setImmediate as othersTurn } from 'node:timers/promises'
import { Alarm } from './alarm.ts'
import type { Asked, Asking } from './asking.ts'
import { Burst } from './burst.ts'
import { CallQueue } from './call-queue.ts'
import { handOut } from './hand-out.ts'
import type { LimitBudget } from './limited.ts'
import { nextCalls } from './next-calls.ts'
import { Pace, type PaceTerms } from './pace.ts'
import type { PoolGate, Wakeable } from './pool-gate.ts'
import { type Granted, Stock } from './stock.ts'
import type { Answer } from './take-store.ts'
import { type Grantor, Turn } from './turn.ts'
import type { Waiting } from './waiting.ts'
import { WindowsLeft } from './windows-left.ts'

const leastWanted = 8
const mostWanted = 64
const growth = 1.25
const backMs = 10
const longestPauseMs = 2_000
/** Other processes may give back what they were too late for: soon after it was granted, or later. */
const shortestSleepMs = 40
const longestSleepMs = 2_000

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
  readonly #left = new WindowsLeft()
  readonly #burst = new Burst()
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
  readonly #alarm = new Alarm(() => this.#due())

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
    return this.budget ? this.#left.headers(this.budget) : {}
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
    this.#alarm.close()
  }

  async #ask() {
    this.#asking = true
    try {
      // For all that have come by then.
      if (this.budget && this.calls.size > 0) {
        if (this.#burst.isNew(performance.now(), this.calls.oldest())) await othersTurn()
      }
      for (let asked = this.#compose(); asked; asked = this.#compose()) await this.#exchange(asked)
    } finally {
      this.#asking = false
      this.#plan()
    }
  }

  async #exchange({ wanted, gates, question, lifeMs, pace }: Composed) {
    try {
      const { answer, askedAt, replica } = await this.#limiter.ask(question)
      this.#failures = 0
      const turn = { replica, at: answer.at, freshUntil: askedAt + lifeMs }
      this.#note(answer)
      const left = await this.#grant(wanted, question, answer, turn, new Pace(pace))
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

  /** Gives of what is in stock to the next call that needs nothing else. */
  #serve(): boolean {
    if (this.#stock.end === undefined) return false
    const [one] = this.calls.next(1, ({ gates }) => gates.length === 0)
    const granted = one && this.#stock.take(performance.now())
    if (granted) this.#give(one, granted)
    return granted !== undefined
  }

  /** @returns who got nothing */
  async #grant(
    wanted: Waiting[],
    { runs }: Asked,
    { granted, lapsed }: Answer,
    turn: Granted,
    pace: Pace,
  ): Promise<Waiting[]> {
    const isLate = () => lapsed || performance.now() >= turn.freshUntil
    const give = (one: Waiting) => this.#give(one, turn)
    const { left, spare, stocked } = await handOut({ wanted, runs, granted }, pace, isLate, give)
    if (isLate()) this.#giveBack(turn.at, spare + stocked)
    else {
      this.#giveBack(turn.at, spare)
      await this.#putStock(turn, stocked, pace)
    }
    return left
  }

  async #putStock(granted: Granted, count: number, pace: Pace) {
    if (count === 0) return
    this.#putBack()
    this.#stock.put(granted, count)
    while (this.#serve()) await pace.step()
  }

  #give(one: Waiting, granted: Granted) {
    for (const gate of one.gates) {
      gate.waiting -= 1
      gate.hold(one.limited.share)
    }
    this.calls.serve(one)
    const turn = new Turn(one, granted, this)
    this.#limiter.granted(turn)
    one.grant(turn)
  }

  #note(answer: Answer) {
    const { granted, wait } = answer
    const now = performance.now()
    const isVain = granted.every((count) => count === 0)
    this.#wanted = Math.min(mostWanted, this.#wanted * growth)
    this.#sleepMs = isVain ? Math.min(1.5 * this.#sleepMs, longestSleepMs) : shortestSleepMs
    // What goes back is asked for again by who gives it back, if nobody else is quicker.
    const longest = this.#back.size > 0 ? backMs : this.#sleepMs
    const waitMs = Math.min(wait / 1000, longest)
    if (waitMs > 0) this.#sleepsUntil = Math.max(this.#sleepsUntil, now + waitMs)
    this.#left.note(answer, now)
  }

  /** The next question, where there is one to ask now. */
  #compose(): Composed | undefined {
    const now = performance.now()
    this.#asleep = now < this.#sleepsUntil
    if (this.#asleep) return undefined
    const mayBurst = this.budget && this.calls.size > 0
    const burst = mayBurst ? this.#burst.ask(now, this.calls.oldest()) : undefined
    const most = burst?.mostWanted ?? Math.floor(this.#wanted)
    const { wanted, gates, pools, runs } = nextCalls(this.calls, most, now, this)
    if (wanted.length === 0) return undefined
    const lifeMs = this.#limiter.lifeMs(this.budget) + (burst?.longerLifeMs ?? 0)
    const [run] = runs
    if (this.budget && gates.length === 0 && run && this.calls.size === wanted.length) {
      this.#putBack(now)
      // In a burst the last of the others may be waiting for just what is in stock here.
      if (!burst) run.count += this.#stock.want(now, lifeMs, this.budget, this.#left.windows)
    }
    const question = { budget: this.#describe(now, lifeMs), pools, runs }
    return { wanted, gates, question, lifeMs, pace: burst?.pace }
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
    if (!this.budget || count === 0) return
    this.#back.set(at, (this.#back.get(at) ?? 0) + count)
    this.#sleepsUntil = Math.min(this.#sleepsUntil, performance.now() + backMs)
    this.#plan()
  }

  /** When it asks by itself. */
  #plan() {
    const now = performance.now()
    if (this.calls.size > 0 && this.#asleep) this.#alarm.set(Math.max(this.#sleepsUntil, now))
    else if (this.#back.size > 0) this.#alarm.set(now + backMs)
    else if (this.#stock.end !== undefined) this.#alarm.set(this.#stock.end)
  }

  #due() {
    if (this.#asking) return
    this.#putBack(performance.now())
    if (this.#back.size > 0 && this.calls.size === 0) void this.#flush()
    else this.wake()
  }

  async #flush() {
    this.#asking = true
    const lifeMs = this.#limiter.lifeMs(this.budget)
    const question = { budget: this.#describe(performance.now(), lifeMs), pools: [], runs: [] }
    await this.#exchange({ wanted: [], gates: [], question, lifeMs, pace: undefined })
    this.#asking = false
    this.wake()
  }
}

interface Composed {
  wanted: Waiting[]
  gates: PoolGate[]
  question: Asked
  lifeMs: number
  pace: PaceTerms | undefined
}
