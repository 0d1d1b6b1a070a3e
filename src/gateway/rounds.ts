import { setTimeout as delay } from 'node:timers/promises'
import { aborted } from '../egress/failure.ts'
import type { Cancellation } from '../egress/stream-request.ts'
import { following } from './departure.ts'
import { pauseBefore } from './retry.ts'

/** How often a call may be sent again, and when. */
export class Rounds {
  readonly #retries: number
  readonly #deadline: number
  readonly #signal: Cancellation
  #round = 0

  /** @param trip its deadline by `performance.now()` */
  constructor(retries: number, { deadline, signal }: { deadline: number; signal: Cancellation }) {
    this.#retries = retries
    this.#deadline = deadline
    this.#signal = signal
  }

  get hasMore(): boolean {
    return this.#round < this.#retries
  }

  /**
   * True when it is time for the next one; false, at once, where there is none in time.
   * @param asked seconds that the vendor wants to be left alone
   * @param begin what has to happen before it is waited for
   * @throws {EgressFailure} `aborted` where the caller leaves
   */
  async next(asked?: number, begin: () => void = () => {}): Promise<boolean> {
    const ms = pauseBefore(this.#round + 1, asked)
    if (!this.hasMore || performance.now() + ms > this.#deadline) return false
    this.#round += 1
    begin()
    try {
      await delay(ms, undefined, { signal: following(this.#signal).signal })
    } catch {
      throw aborted()
    }
    return true
  }
}
