import { createHmac, randomBytes } from 'node:crypto'
import { type Keyring, KeyringError, type WrappedKey } from './keyring.ts'
import {
  type Generation,
  insertPepper,
  inTransaction,
  listPeppers,
  lockPeppers,
  type Queries,
} from './store.ts'

interface Pepper {
  id: number
  key: Buffer
}

/** How often, at most, failed look-ups make a process read the peppers again. */
export const pepperRefreshMs = 1_000
// Longer than a look-up can be under way.
const newsMs = 30_000

/** The keys that tokens are hashed under: one, or two and more while they turn. */
export class Peppers {
  readonly #db: Queries
  readonly #keyring: Keyring
  #known: Pepper[] = []
  #readAt = 0
  #changedAt = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | undefined

  private constructor(db: Queries, keyring: Keyring) {
    this.#db = db
    this.#keyring = keyring
  }

  /**
   * Proves the keyring against the peppers, which are wrapped under every key-encryption key that
   * was ever at hand; the first start makes the first one.
   * @throws {KeyringError} saying which key is missing or wrong
   */
  static async open(db: Queries, keyring: Keyring): Promise<Peppers> {
    const peppers = new Peppers(db, keyring)
    if ((await listPeppers(db)).length === 0) await peppers.#makeNext(new Date(0))
    for (const pepper of await listPeppers(db)) await peppers.#prove(pepper)
    await peppers.#read()
    return peppers
  }

  /** Whether the newest pepper in the database is wrapped under a key at hand. */
  async isAtHome(): Promise<boolean> {
    const newest = (await listPeppers(this.#db)).at(-1)
    return newest?.wraps.some(({ kekId }) => this.#keyring.ids.includes(kekId)) ?? false
  }

  hash(token: string): { hash: Buffer; pepperId: number } {
    const pepper = this.#known.at(-1)!
    return { hash: hmac(pepper, token), pepperId: pepper.id }
  }

  hashes(token: string): Buffer[] {
    return this.#known.map((pepper) => hmac(pepper, token))
  }

  hashUnder(pepperId: number, token: string): Buffer | undefined {
    const pepper = this.#known.find((known) => known.id === pepperId)
    return pepper && hmac(pepper, token)
  }

  /** Whether peppers came or went of late, so that a look-up begun before is worth repeating. */
  async refresh(): Promise<boolean> {
    if (Date.now() - this.#readAt >= pepperRefreshMs) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined
      })
    }
    await this.#reading
    return Date.now() - this.#changedAt < newsMs
  }

  /** Makes the next pepper unless one is newer than `since`; answers the id of the newest. */
  async turn(since: Date): Promise<number> {
    const id = await this.#makeNext(since)
    await this.#read()
    return id
  }

  #makeNext(since: Date): Promise<number> {
    return inTransaction(this.#db, async (db) => {
      await lockPeppers(db)
      const newest = (await listPeppers(db)).at(-1)
      if (newest && newest.createdAt > since) return newest.id
      const id = (newest?.id ?? 0) + 1
      await insertPepper(db, { id, wraps: this.#keyring.wrap(pepperContext(id), randomBytes(32)) })
      return id
    })
  }

  async #prove({ id, createdAt, wraps }: Generation) {
    for (const wrap of wraps) this.#proveWrap(id, wrap)
    const key = this.#keyring.unwrap(pepperContext(id), wraps)
    if (!key) throw this.#outOfReach(wraps)
    const announced = this.#keyring.missing(wraps)
    if (announced.length === 0) return
    const added = this.#keyring.wrap(pepperContext(id), key, announced)
    await insertPepper(this.#db, { id, createdAt, wraps: added })
  }

  #proveWrap(pepperId: number, wrap: WrappedKey) {
    try {
      this.#keyring.unwrap(pepperContext(pepperId), [wrap])
    } catch {
      throw new KeyringError(
        `The key-encryption key "${wrap.kekId}" is not the one that this database was sealed with.`,
      )
    }
  }

  async #read() {
    this.#readAt = Date.now()
    const held = await listPeppers(this.#db)
    const known = held.flatMap(({ id, wraps }) => {
      const key = this.#keyring.unwrap(pepperContext(id), wraps)
      return key ? [{ id, key }] : []
    })
    if (known.length === 0) throw this.#outOfReach(held.flatMap(({ wraps }) => wraps))
    const before = this.#known.map(({ id }) => id).join()
    if (before && before !== known.map(({ id }) => id).join()) this.#changedAt = Date.now()
    this.#known = known
  }

  #outOfReach(wraps: WrappedKey[]) {
    const needed = new Set(wraps.map((wrap) => `"${wrap.kekId}"`))
    return new KeyringError(
      `This database is sealed under the key-encryption key ${[...needed].join(' or ')}; at hand: ${this.#keyring.ids.join(', ')}.`,
    )
  }
}

/** What a pepper is bound to where it is wrapped. */
export function pepperContext(id: number): string[] {
  return ['pepper', String(id)]
}

function hmac(pepper: Pepper, token: string): Buffer {
  return createHmac('sha256', pepper.key).update(token).digest()
}
