import { LRUCache } from 'lru-cache'
import type { AuthenticationAnswer } from '../authentication/type.ts'

const maxKnown = 10_000

/**
 * The challenges that vendors have answered, by instance and origin, the latest used: with one that
 * is known, a call needs no request before it (RFC 7616, section 3.3).
 */
export class Challenges {
  readonly #known = new LRUCache<string, { answer: AuthenticationAnswer; used: number }>({
    max: maxKnown,
  })

  learn(name: string, { status, headers }: AuthenticationAnswer): void {
    const challenge = headers['www-authenticate']
    if (challenge === undefined) return
    const known = this.#known.get(name)?.answer.headers['www-authenticate']
    // A nonce that comes again has been answered before.
    if (known !== undefined && String(known) === String(challenge)) return
    const answer = { status, headers: { 'www-authenticate': challenge } }
    this.#known.set(name, { answer, used: 0 })
  }

  /** Counts how often it was answered. */
  next(name: string): AuthenticationAnswer | undefined {
    const found = this.#known.get(name)
    if (!found) return undefined
    const { answer, used } = found
    found.used += 1
    return { ...answer, used }
  }
}
