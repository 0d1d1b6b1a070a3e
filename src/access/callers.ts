import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Db } from '../database/database.ts'
import type { Listener } from '../database/listener.ts'
import { type Asked, type Found, findCaller, type Principal } from './store.ts'

/** The channel that the database notifies of every change to organizations, users and secrets. */
export const accessChannel = 'latchkey_access'

const maxCallers = 10_000
const lifeMs = 30_000

/**
 * Callers by the words that say who they are: their secrets, or a bearer token. Only those that are
 * known are remembered, and only while the database is heard; a change that it tells of forgets all.
 */
export class Callers {
  readonly #db: Db
  readonly #listener: Pick<Listener, 'isCurrent'>
  readonly #known = new LRUCache<string, Principal>({ max: maxCallers, ttl: lifeMs })
  #changes = 0

  constructor(db: Db, listener: Pick<Listener, 'isCurrent'>) {
    this.#db = db
    this.#listener = listener
  }

  /**
   * Who was found with these words before: then nothing of them need be looked at again. They have to
   * say what each secret in them is sent as.
   */
  recall(words: string): Principal | undefined {
    return this.#listener.isCurrent() ? this.#known.get(keyOf(words)) : undefined
  }

  /** @param words what `recall` knows them by, where they are known */
  async find(asked: Asked, words: string): Promise<Found> {
    if (!this.#listener.isCurrent()) return findCaller(this.#db, asked)
    const key = keyOf(words)
    const before = this.#changes
    const found = await findCaller(this.#db, asked)
    // What changed meanwhile may have been what was just read.
    const ttl = Math.min(lifeMs, Math.floor(found.endsInMs ?? lifeMs))
    if (found.principal && ttl > 0 && before === this.#changes) {
      this.#known.set(key, found.principal, { ttl })
    }
    return found
  }

  forget() {
    this.#changes += 1
    this.#known.clear()
  }
}

/** Of secrets nothing is kept that would open anything. */
function keyOf(words: string): string {
  return hash('sha256', words, 'base64')
}
