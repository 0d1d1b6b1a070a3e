import { LRUCache } from 'lru-cache'
import type { Values } from '../exchange/request.ts'

/** What a login yielded: `session.…` values, and until when they may be used. */
export interface Session {
  values: Values
  /** By `Date.now()`; for ever where the vendor says nothing. */
  endsAt: number
  /** When the vendor ends it; `endsAt` comes a little before. */
  expiresAt?: Date
}

const maxSessions = 10_000

/**
 * Open sessions by the name of what they belong to, such as `instance/12`. However many callers wait
 * for one, there is one login; a login that fails is forgotten, and fails for those who waited.
 */
export class Sessions {
  readonly #open = new LRUCache<string, Promise<Session>>({ max: maxSessions })

  async get(name: string, login: () => Promise<Session>): Promise<Session> {
    const known = this.#open.get(name)
    if (!known) return this.#start(name, login)
    const session = await known
    if (session.endsAt > Date.now()) return session
    // Whoever comes first begins the next one; the others find it.
    return this.#open.get(name) === known ? this.#start(name, login) : this.get(name, login)
  }

  /** Forgets a session that the vendor no longer knows, unless another has taken its place. */
  async drop(name: string, session: Session): Promise<void> {
    const known = this.#open.get(name)
    if (
      known &&
      (await known.catch(() => undefined)) === session &&
      this.#open.get(name) === known
    ) {
      this.#open.delete(name)
    }
  }

  #start(name: string, login: () => Promise<Session>): Promise<Session> {
    const started = login()
    this.#open.set(name, started)
    started.catch(() => {
      if (this.#open.get(name) === started) this.#open.delete(name)
    })
    return started
  }
}
