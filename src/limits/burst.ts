import type { PaceTerms } from './pace.ts'

/** After so long without a question calls may come many at once, and most of them need a connection. */
const idleMs = 1_000
/** So long they come. */
const burstMs = 200
const terms: BurstTerms = {
  mostWanted: 256,
  longerLifeMs: 120,
  pace: { mostMs: 20, most: 256 },
}

/** What is asked for otherwise after a while of nothing, for all who come then are to start at once. */
export interface BurstTerms {
  /** For how many calls one question may be. */
  mostWanted: number
  /** How much longer their permits live, for as long as which they count longer, too. */
  longerLifeMs: number
  /** Their answers wait until all have started. */
  pace: PaceTerms
}

export class Burst {
  #askedAt = Number.NEGATIVE_INFINITY
  #until = Number.NEGATIVE_INFINITY

  /**
   * Whether a question begins one: nothing has been asked for so long, and nobody waits for longer.
   * @param since when the first of those who wait came
   */
  isNew(now: number, since: number): boolean {
    return now - this.#askedAt > idleMs && now - since < burstMs
  }

  /** For a question that is asked now. */
  ask(now: number, since: number): BurstTerms | undefined {
    if (this.isNew(now, since)) this.#until = now + burstMs
    this.#askedAt = now
    return now < this.#until ? terms : undefined
  }
}
