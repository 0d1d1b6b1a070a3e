import { LRUCache } from 'lru-cache'
import type { Db } from '../database/database.ts'
import type { Listener } from '../database/listener.ts'
import { findInventory, type Inventory } from './inventory-store.ts'

/** The channel that the database notifies of every organization whose inventory changes. */
export const elementsChannel = 'latchkey_elements'

/** Organizations and what they installed; an own element, with its texts, counts as ten of those. */
const maxKnown = 100_000
const lifeMs = 30_000

/** What organizations have; remembered only while the database is heard. */
export class Inventories {
  readonly #db: Db
  readonly #listener: Pick<Listener, 'isCurrent'>
  readonly #known = new LRUCache<number, Inventory>({
    maxSize: maxKnown,
    sizeCalculation: ({ own, installed }) => 1 + installed.size + 10 * own.length,
    ttl: lifeMs,
  })
  #changes = 0

  constructor(db: Db, listener: Pick<Listener, 'isCurrent'>) {
    this.#db = db
    this.#listener = listener
  }

  async find(organizationId: number): Promise<Inventory> {
    if (!this.#listener.isCurrent()) return findInventory(this.#db, organizationId)
    const known = this.#known.get(organizationId)
    if (known) return known
    const before = this.#changes
    const found = await findInventory(this.#db, organizationId)
    // What changed meanwhile may have been what was just read.
    if (before === this.#changes) this.#known.set(organizationId, found)
    return found
  }

  /** Of one organization, or of all. */
  forget(organizationId?: number) {
    this.#changes += 1
    if (organizationId === undefined) this.#known.clear()
    else this.#known.delete(organizationId)
  }
}
