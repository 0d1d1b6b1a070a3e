import { LRUCache } from 'lru-cache'
import type { Db } from '../database/database.ts'
import type { Listener } from '../database/listener.ts'
import { type Asked, type Found, findCaller, type Principal } from './store.ts'

/** The channel that the database notifies of every change to organizations, users and secrets. */
export const accessChannel = 'latchkey_access'

const maxCallers = 10_000
const lifeMs = 30_000

/**
 * Callers by the hashes of their secrets, or of their bearer token. Only those that are known are remembered, and only while
 * the database is heard; a change that it tells of forgets them all.
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

  async find(asked: Asked): Promise<Found> {
    if (!this.#listener.isCurrent()) return findCaller(this.#db, asked)
    const key = keyOf(asked)
    const known = this.#known.get(key)
    if (known) return { organizationKnown: true, principal: known, endsInMs: undefined }
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

function keyOf(asked: Asked): string {
  const hashes =
    'bearerHashes' in asked
      ? ['bearer', ...asked.bearerHashes]
      : [...asked.userHashes, ...(asked.organizationHashes ?? ['alone'])]
  const words = hashes.map((hash) => (typeof hash === 'string' ? hash : hash.toString('base64')))
  return [asked.organizationId, ...words].join(' ')
}
