import type { Enrolled } from '../egress/roll.ts'
import type { Dated, Deadlines } from './deadlines.ts'
import type { OverReason, Permit } from './limited.ts'
import type { Waiting } from './waiting.ts'

/** What those who granted a turn hear of it. */
export interface Grantor {
  readonly deadlines: Deadlines
  isLeased(turn: Turn): boolean
  headers(): Record<string, string>
  /** It is over; where nothing was sent, the permit of that moment may go back. */
  over(turn: Turn, unused: boolean): void
}

/** A permit that was granted, with its places in pools. */
export class Turn implements Permit, Dated, Enrolled {
  readonly waiting: Waiting
  readonly replica: number
  /** By the database's clock: the batch that the permit came from. */
  readonly at: number
  readonly deadline: number
  due: number | undefined
  enrolledAt: number | undefined
  readonly #freshUntil: number
  readonly #grantor: Grantor
  #state: 'granted' | 'sent' | 'over' = 'granted'

  constructor(
    waiting: Waiting,
    granted: { replica: number; at: number; freshUntil: number },
    grantor: Grantor,
  ) {
    this.waiting = waiting
    this.replica = granted.replica
    this.at = granted.at
    this.#freshUntil = granted.freshUntil
    this.#grantor = grantor
    this.deadline = performance.now() + (waiting.holdMs ?? Number.POSITIVE_INFINITY)
    if (waiting.holdMs !== undefined) grantor.deadlines.add(this)
  }

  isFresh(): boolean {
    return (
      this.#state === 'granted' &&
      performance.now() < this.#freshUntil &&
      this.#grantor.isLeased(this)
    )
  }

  /** Whether it was too late for the call to start. */
  isLate(): boolean {
    return performance.now() >= this.#freshUntil
  }

  sent() {
    if (this.#state === 'granted') this.#state = 'sent'
  }

  release() {
    if (this.#state === 'over') return
    const unused = this.#state === 'granted'
    this.#state = 'over'
    this.#grantor.deadlines.delete(this)
    this.#grantor.over(this, unused)
  }

  headers(): Record<string, string> {
    return this.#grantor.headers()
  }

  expire() {
    this.end('held-too-long')
  }

  end(reason: OverReason) {
    if (this.#state !== 'over') this.waiting.onOver?.(reason)
  }
}
