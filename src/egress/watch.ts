import { type Enrolled, Roll } from './roll.ts'

/** Something that may take too long. */
export interface Watched extends Enrolled {
  /** By `performance.now()`; told again and again while it is watched. */
  check(now: number): void
}

const tickMs = 100

/**
 * One timer for all that is under way, however much that is: a deadline is noticed a tenth of a
 * second late at most, and to put one off costs no more than to note the time.
 */
export class Watch {
  /** By `performance.now()`, as old as the last tick. */
  now = 0
  readonly #watched = new Roll<Watched>()
  #timer: NodeJS.Timeout | undefined

  add(watched: Watched): void {
    this.#watched.add(watched)
    if (this.#timer) return
    this.now = performance.now()
    this.#timer = setInterval(() => this.#tick(), tickMs)
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched)
  }

  #tick(): void {
    this.now = performance.now()
    if (this.#watched.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
      return
    }
    this.#watched.tell((one) => one.check(this.now))
  }
}
