import { setImmediate as othersTurn } from 'node:timers/promises'

/** How long the event loop may be kept from others. */
const mostMs = 5
/** Of each, more work is to be done when others answer. */
const most = 24
/** It costs something to look at the time. */
const group = 4

/**
 * The pace of what is done for many calls, one after the other: others have their turn every few
 * milliseconds, with what follows from each at once counted in.
 */
export class Pace {
  #steps = 0
  #since = performance.now()

  /** To be said before each of them, and awaited where it takes time. */
  step(): Promise<void> | undefined {
    this.#steps += 1
    return this.#steps > 1 && this.#steps % group === 1 ? this.#rest() : undefined
  }

  async #rest() {
    // Comes after all microtasks, in which the calls before go on.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    if (this.#steps <= most && performance.now() - this.#since < mostMs) return
    await othersTurn()
    this.#steps = 1
    this.#since = performance.now()
  }
}
