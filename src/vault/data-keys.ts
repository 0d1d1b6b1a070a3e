import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { EnvelopeError } from './envelope.ts'
import { type Keyring, KeyringError } from './keyring.ts'
import {
  type Generation,
  insertDataKey,
  inTransaction,
  listDataKeys,
  lockDataKeys,
  type Queries,
} from './store.ts'

export interface DataKey {
  id: string
  key: Buffer
}

interface Held {
  byId: Map<string, DataKey>
  newest: DataKey
}

const leaseMs = 60_000

/** The data keys of each organization: the newest one seals, all of them open. */
export class DataKeys {
  readonly #db: Queries
  readonly #keyring: Keyring
  readonly #cache: LRUCache<number, Promise<Held>>

  constructor(db: Queries, keyring: Keyring) {
    this.#db = db
    this.#keyring = keyring
    // The lease: a new generation of data keys is written with at most this much later. By the
    // wall clock, since the monotonic one stands still while a machine sleeps.
    this.#cache = new LRUCache({ max: 10_000, ttl: leaseMs, perf: Date })
  }

  async newest(organizationId: number): Promise<DataKey> {
    return (await this.#held(organizationId)).newest
  }

  async byId(organizationId: number, id: string): Promise<DataKey> {
    const known = (await this.#held(organizationId)).byId.get(id)
    if (known) return known
    this.forget(organizationId)
    const read = (await this.#held(organizationId)).byId.get(id)
    if (!read) throw new EnvelopeError(`there is no data key ${id}`)
    return read
  }

  /**
   * Makes the organization's next data key, unless one is newer than `since`. The first one can seal
   * at once, also while the transaction that makes the organization is open.
   * @returns the id of the newest
   */
  async create(organizationId: number, db: Queries = this.#db, since?: Date): Promise<number> {
    const made = await inTransaction(db, async (db) => {
      await lockDataKeys(db, organizationId)
      const last = (await listDataKeys(db, organizationId)).at(-1)
      if (last && since && last.createdAt > since) return { id: last.id }
      const id = (last?.id ?? 0) + 1
      const key = randomBytes(32)
      const wraps = this.#keyring.wrap(dataKeyContext(organizationId, id), key)
      await insertDataKey(db, { organizationId, id, wraps })
      return { id, first: last ? undefined : heldKeys([{ id: String(id), key }]) }
    })
    // A later one is read back once it is committed: rolled back, what it sealed would be lost.
    if (made.first) this.#cache.set(organizationId, Promise.resolve(made.first))
    else this.forget(organizationId)
    return made.id
  }

  /**
   * Wraps each data key of the organization under those of `kekIds` that it lacks.
   * @returns how many wraps were added
   * @throws {KeyringError} for a data key that is wrapped only under keys not at hand
   */
  async rewrap(organizationId: number, kekIds: readonly string[]): Promise<number> {
    let added = 0
    for (const { id, createdAt, wraps } of await listDataKeys(this.#db, organizationId)) {
      const lacking = this.#keyring.missing(wraps).filter((kekId) => kekIds.includes(kekId))
      if (lacking.length === 0) continue
      const context = dataKeyContext(organizationId, id)
      const key = this.#keyring.unwrap(context, wraps)
      if (!key) {
        const needed = wraps.map((wrap) => `"${wrap.kekId}"`).join(' or ')
        throw new KeyringError(
          `Data key ${id} of organization ${organizationId} needs the key-encryption key ${needed}: add it behind the active one.`,
        )
      }
      const more = this.#keyring.wrap(context, key, lacking)
      await insertDataKey(this.#db, { organizationId, id, createdAt, wraps: more })
      added += more.length
    }
    return added
  }

  forget(organizationId?: number) {
    if (organizationId === undefined) this.#cache.clear()
    else this.#cache.delete(organizationId)
  }

  #held(organizationId: number): Promise<Held> {
    const cached = this.#cache.get(organizationId)
    if (cached) return cached
    const reading = this.#read(organizationId)
    this.#cache.set(organizationId, reading)
    reading.catch(() => {
      if (this.#cache.peek(organizationId) === reading) this.forget(organizationId)
    })
    return reading
  }

  async #read(organizationId: number, db = this.#db): Promise<Held> {
    const held = await listDataKeys(db, organizationId)
    const keys = held.flatMap((generation) => this.#unwrap(organizationId, generation))
    if (keys.length === 0) {
      throw new KeyringError(`There is no data key at hand for organization ${organizationId}.`)
    }
    return heldKeys(keys)
  }

  #unwrap(organizationId: number, { id, wraps }: Generation): DataKey[] {
    const key = this.#keyring.unwrap(dataKeyContext(organizationId, id), wraps)
    return key ? [{ id: String(id), key }] : []
  }
}

function heldKeys(keys: DataKey[]): Held {
  return { byId: new Map(keys.map((key) => [key.id, key])), newest: keys.at(-1)! }
}

/** What a data key is bound to where it is wrapped. */
export function dataKeyContext(organizationId: number, id: number): string[] {
  return ['data-key', String(organizationId), String(id)]
}
