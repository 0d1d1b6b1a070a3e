import { setImmediate as othersTurn } from 'node:timers/promises'

export interface PaceTerms {
  /** How long the event loop may be kept from others. */
  mostMs: number
  /** Of each, more work is to be done when others answer. */
  most: number
}

const usual: PaceTerms = { mostMs: 5, most: 24 }
/** It costs something to look at the time. */
const group = 4

/**
 * The pace of what is done for many calls, one after the other: others have their turn every few
 * milliseconds, with what follows from each at once counted in.
 */
export class Pace {
  readonly #terms: PaceTerms
  #steps = 0
  #since = performance.now()

  constructor(terms = usual) {
    this.#terms = terms
  }

  /** To be said before each of them, and awaited where it takes time. */
  step(): Promise<void> | undefined {
    this.#steps += 1
    return this.#steps > 1 && this.#steps % group === 1 ? this.#rest() : undefined
  }

  async #rest() {
    // Comes after all microtasks, in which the calls before go on.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    const { most, mostMs } = this.#terms
    if (this.#steps <= most && performance.now() - this.#since < mostMs) return
    await othersTurn()
    this.#steps = 1
    this.#since = performance.now()
  }
}
