import type { LimitBudget } from './limited.ts'
import type { Left } from './rate-limit-headers.ts'

/** What permits of one question have in common. */
export interface Granted {
  replica: number
  at: number
  freshUntil: number
}

const most = 256
/** The part of what is left that a process may hold: too little for others to wait for. */
const heldShare = 1 / 256
/** Of a window, where nothing is lost by asking for more than there are calls for. */
const farShare = 0.5

/**
 * Permits for calls that are yet to come, as long as they live. They are asked for only where calls
 * come faster than questions are answered and the limit is far away, since what is not used of them
 * counts until it is given back.
 */
export class Stock {
  #granted: Granted | undefined
  #left = 0
  #size = 0
  #askedAt = Number.NEGATIVE_INFINITY

  /** When what is left has to go back; undefined where nothing is. */
  get end(): number | undefined {
    return this.#granted?.freshUntil
  }

  /** How many to ask for beyond the calls that wait: as many as were used, or twice as many. */
  want(now: number, lifeMs: number, budget: LimitBudget, left: readonly Left[]): number {
    const isOften = now - this.#askedAt < 2 * lifeMs
    this.#askedAt = now
    const bound = isOften && isFar(budget, left) ? Math.min(most, ...left.map(held)) : 0
    this.#size = Math.min(bound, Math.max(1, this.#size * 2))
    return this.#size
  }

  put(granted: Granted, count: number) {
    this.#granted = granted
    this.#left = count
  }

  /** One of them, where there is one that lives. */
  take(now: number): Granted | undefined {
    const granted = this.#granted
    if (!granted || now >= granted.freshUntil) return undefined
    this.#left -= 1
    if (this.#left === 0) this.#granted = undefined
    return granted
  }

  /** What has to be given back: all that is left, or what lives no longer. */
  empty(now = Number.POSITIVE_INFINITY): { at: number; count: number } | undefined {
    const granted = this.#granted
    if (!granted || now < granted.freshUntil) return undefined
    const count = this.#left
    this.#granted = undefined
    // Doubled when it is asked for, which makes it what was used.
    this.#size = Math.floor((this.#size - count) / 2)
    return { at: granted.at, count }
  }
}

function held({ remaining }: Left): number {
  return Math.floor(remaining * heldShare)
}

function isFar({ windows }: LimitBudget, left: readonly Left[]): boolean {
  return (
    left.length === windows.length &&
    windows.every(({ amount, periodMs }) => {
      const known = left.find((one) => one.periodMs === periodMs)
      return known !== undefined && known.remaining >= amount * farShare
    })
  )
}
