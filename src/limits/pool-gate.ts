import type { LimitPool } from './limited.ts'
import type { PoolQuestion } from './take-store.ts'

const pollMs = 25
const tellFreedMs = 10
const tellHeldMs = 1_000

/** What a pool needs of those that ask for it. */
export interface Wakeable {
  wake(): void
}

/**
 * A pool as this process knows it: how many places its calls hold, who waits for the next question,
 * and when that makes sense. One question at a time names it, so that what is said of it is so.
 */
export class PoolGate {
  terms: LimitPool
  /** Whether a question that names it is under way. */
  asking = false
  waiting = 0
  readonly #held = new Map<number, number>()
  #total = 0
  readonly #next = new Set<Wakeable>()
  #closedUntil = 0
  #othersWait = false
  #tellAt = Number.POSITIVE_INFINITY
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  readonly #tell: (gate: PoolGate) => void

  /** @param tell sends what it holds, where no call asks for it */
  constructor(terms: LimitPool, tell: (gate: PoolGate) => void) {
    this.terms = terms
    this.#tell = tell
  }

  get isIdle(): boolean {
    return (
      this.#total === 0 &&
      this.waiting === 0 &&
      !this.asking &&
      this.#tellAt === Number.POSITIVE_INFINITY
    )
  }

  isOpen(now: number): boolean {
    return !this.asking && now >= this.#closedUntil
  }

  /** Wakes it when it may ask; one after the other. */
  await(one: Wakeable) {
    this.#next.add(one)
    if (!this.asking) this.#plan(this.#closedUntil)
  }

  describe(waitedMs: number): PoolQuestion {
    const { name, revision, limit } = this.terms
    const calls = [...this.#held].sort(([, one], [, other]) => other - one).slice(0, 100)
    this.#tellAt = Number.POSITIVE_INFINITY
    return { name, revision, limit, held: this.#total, calls, waiting: this.waiting, waitedMs }
  }

  /** What the question that named it was answered. */
  answered(answer: { full: boolean; othersWait: boolean } | undefined) {
    this.asking = false
    this.#othersWait = answer?.othersWait ?? false
    this.#closedUntil = answer?.full ? performance.now() + pollMs : 0
    if (!answer) this.#tellBy(tellHeldMs)
    this.#goOn()
  }

  hold(share: number) {
    this.#held.set(share, (this.#held.get(share) ?? 0) + 1)
    this.#total += 1
    this.#tellBy(tellHeldMs)
  }

  free(share: number) {
    const left = (this.#held.get(share) ?? 1) - 1
    if (left > 0) this.#held.set(share, left)
    else this.#held.delete(share)
    this.#total -= 1
    // Others that wait are told at once.
    this.#tellBy(this.#othersWait ? 0 : tellFreedMs)
    this.#closedUntil = 0
    this.#goOn()
  }

  /** It was granted a place that nobody took. */
  correct() {
    this.#tellBy(0)
  }

  close() {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#next.clear()
  }

  #goOn() {
    if (this.asking) return
    if (this.#next.size > 0) this.#plan(this.#closedUntil)
    else this.#plan(this.#tellAt)
  }

  #tellBy(ms: number) {
    this.#tellAt = Math.min(this.#tellAt, performance.now() + ms)
  }

  #plan(at: number) {
    if (this.#closed || at === Number.POSITIVE_INFINITY || at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(this.#pass, Math.max(0, Math.ceil(at - performance.now())))
  }

  readonly #pass = () => {
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = performance.now()
    while (this.isOpen(now)) {
      const [one] = this.#next
      if (!one) break
      this.#next.delete(one)
      one.wake()
    }
    if (!this.asking && this.#next.size === 0 && this.#tellAt <= now + 1) this.#tell(this)
    else this.#goOn()
  }
}
