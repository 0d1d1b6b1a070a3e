import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Db } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { EnvelopeError, keyIdOf, open, seal } from './envelope.ts'
import { type Keyring, KeyringError, type WrappedKey } from './keyring.ts'
import { insertDataKey, insertPepper, listDataKeys, listMissingKeks, listPeppers } from './store.ts'

/** Where a secret belongs, all of it bound into the ciphertext. */
export interface SecretPlace {
  organizationId: number
  /** `instance/1234`, `user/5`, `organization/1`, … */
  owner: string
  entry: string
  secretVersion: number
  /** Where it may be sent: origins such as `https://api.example.com`, or `caller`. */
  origins: readonly string[]
}

/** The destination of what belongs to the caller of our API, such as an instance token. */
export const caller = 'caller'

export interface Sealed {
  dataKeyId: number
  sealed: string
}

interface DataKeys {
  byId: Map<number, Buffer>
  newest: number
}

interface Pepper {
  id: number
  key: Buffer
}

const dataKeyLeaseMs = 60_000
const pepperRefreshMs = 1_000

/** Seals and opens secrets with a data key per organization, and hashes tokens under the pepper. */
export class Vault {
  readonly keyring: Keyring
  readonly #db: Db
  readonly #dataKeys: LRUCache<number, Promise<DataKeys>>
  #peppers: Pepper[] = []
  #peppersReadAt = 0

  private constructor(db: Db, keyring: Keyring) {
    this.#db = db
    this.keyring = keyring
    // The lease: a new generation of data keys is written with at most this much later.
    this.#dataKeys = new LRUCache({ max: 10_000, ttl: dataKeyLeaseMs })
  }

  /**
   * Proves the keys against what is sealed already; the first start ever makes the pepper.
   * @throws {KeyringError} saying which key is missing or wrong
   */
  static async open(db: Db, keyring: Keyring): Promise<Vault> {
    const vault = new Vault(db, keyring)
    if ((await listPeppers(db)).length === 0) {
      await insertPepper(db, { id: 1, wraps: keyring.wrap(pepperContext(1), randomBytes(32)) })
    }
    await vault.#provePeppers()
    const missing = await listMissingKeks(db, keyring.ids)
    if (missing.length > 0) {
      throw new KeyringError(
        `Secrets in this database need the key-encryption key ${missing.map((id) => `"${id}"`).join(', ')}: add it behind the active one.`,
      )
    }
    return vault
  }

  async seal(place: SecretPlace, plaintext: string): Promise<Sealed> {
    const keys = await this.#keysOf(place.organizationId)
    const key = { id: String(keys.newest), key: keys.byId.get(keys.newest)! }
    return { dataKeyId: keys.newest, sealed: seal(key, secretContext(place), plaintext) }
  }

  /**
   * @param destination the origin that the plaintext is about to be sent to, or `caller`
   * @throws {Refusal} `secrets-required` where the secret was not given for that destination
   * @throws {EnvelopeError} for a text that was not sealed for exactly this place
   */
  async open(place: SecretPlace, sealed: string, destination: string): Promise<string> {
    if (!place.origins.includes(destination)) {
      throw new Refusal('secrets-required', {
        message: `"${place.entry}" was not given for ${destination}. Send it again together with this change.`,
        missing: [{ key: place.entry, name: place.entry }],
      })
    }
    const key = await this.#keyOf(place.organizationId, sealed)
    return open(key, secretContext(place), sealed).toString('utf8')
  }

  /** HMAC-SHA256 under the newest pepper, to be stored. */
  hash(token: string): { hash: Buffer; pepperId: number } {
    const pepper = this.#peppers.at(-1)!
    return { hash: hmac(pepper, token), pepperId: pepper.id }
  }

  /** Under every pepper in use, to look a token up: two while they turn, else one. */
  hashes(token: string): Buffer[] {
    return this.#peppers.map((pepper) => hmac(pepper, token))
  }

  /** The hash under the pepper of that id; undefined where it has been retired. */
  hashUnder(pepperId: number, token: string): Buffer | undefined {
    const pepper = this.#peppers.find((known) => known.id === pepperId)
    return pepper && hmac(pepper, token)
  }

  /**
   * After a look-up that found nothing: another process may have turned the pepper.
   * @returns whether there are peppers now that were not known before
   */
  async refreshPeppers(): Promise<boolean> {
    if (Date.now() - this.#peppersReadAt < pepperRefreshMs) return false
    const before = this.#peppers.at(-1)?.id
    await this.#readPeppers()
    return this.#peppers.at(-1)?.id !== before
  }

  /** Makes an organization's next data key and answers its id. */
  async createDataKey(organizationId: number, db: Db = this.#db): Promise<number> {
    const held = await listDataKeys(db, organizationId)
    const id = Math.max(0, ...held.map((row) => row.id)) + 1
    const wraps = this.keyring.wrap(dataKeyContext(organizationId, id), randomBytes(32))
    await insertDataKey(db, { organizationId, id, wraps })
    this.#dataKeys.delete(organizationId)
    return id
  }

  /** Forgets the data keys read so far, so that the next seal uses the newest. */
  forgetDataKeys() {
    this.#dataKeys.clear()
  }

  async #keyOf(organizationId: number, sealed: string): Promise<Buffer> {
    const id = Number(keyIdOf(sealed))
    const known = (await this.#keysOf(organizationId)).byId.get(id)
    if (known) return known
    this.#dataKeys.delete(organizationId)
    const read = (await this.#keysOf(organizationId)).byId.get(id)
    if (!read) throw new EnvelopeError(`there is no data key ${id}`)
    return read
  }

  #keysOf(organizationId: number): Promise<DataKeys> {
    const cached = this.#dataKeys.get(organizationId)
    if (cached) return cached
    const reading = this.#readDataKeys(organizationId)
    this.#dataKeys.set(organizationId, reading)
    reading.catch(() => this.#dataKeys.delete(organizationId))
    return reading
  }

  async #readDataKeys(organizationId: number): Promise<DataKeys> {
    const byId = new Map<number, Buffer>()
    for (const [id, wraps] of byGeneration(await listDataKeys(this.#db, organizationId))) {
      const key = this.keyring.unwrap(dataKeyContext(organizationId, id), wraps)
      if (key) byId.set(id, key)
    }
    if (byId.size === 0) {
      throw new KeyringError(`There is no data key for organization ${organizationId}.`)
    }
    return { byId, newest: Math.max(...byId.keys()) }
  }

  /** The pepper, known to every key-encryption key, is the sentinel that proves each of them. */
  async #provePeppers() {
    for (const [id, wraps] of byGeneration(await listPeppers(this.#db))) {
      for (const wrap of wraps) this.#prove(id, wrap)
      const key = this.keyring.unwrap(pepperContext(id), wraps)
      if (!key) {
        throw new KeyringError(
          `This database is sealed under the key-encryption key ${wraps.map((wrap) => `"${wrap.kekId}"`).join(' or ')}; at hand: ${this.keyring.ids.join(', ')}.`,
        )
      }
      const announced = this.keyring.ids.filter((id) => !wraps.some((wrap) => wrap.kekId === id))
      if (announced.length > 0) {
        const added = announced.map((kekId) => ({
          kekId,
          wrapped: this.keyring.wrapUnder(kekId, pepperContext(id), key),
        }))
        await insertPepper(this.#db, { id, wraps: added })
      }
    }
    await this.#readPeppers()
  }

  #prove(pepperId: number, wrap: WrappedKey) {
    try {
      this.keyring.unwrap(pepperContext(pepperId), [wrap])
    } catch {
      throw new KeyringError(
        `The key-encryption key "${wrap.kekId}" is not the one that this database was sealed with.`,
      )
    }
  }

  async #readPeppers() {
    this.#peppersReadAt = Date.now()
    this.#peppers = byGeneration(await listPeppers(this.#db)).flatMap(([id, wraps]) => {
      const key = this.keyring.unwrap(pepperContext(id), wraps)
      return key ? [{ id, key }] : []
    })
  }
}

export function pepperContext(id: number): string[] {
  return ['pepper', String(id)]
}

export function dataKeyContext(organizationId: number, id: number): string[] {
  return ['data-key', String(organizationId), String(id)]
}

function secretContext(place: SecretPlace): string[] {
  const { organizationId, owner, entry, secretVersion, origins } = place
  const where = [...new Set(origins)].sort()
  return ['secret', String(organizationId), owner, entry, String(secretVersion), ...where]
}

function hmac(pepper: Pepper, token: string): Buffer {
  return createHmac('sha256', pepper.key).update(token).digest()
}

/** Rows come ordered by id; oldest generation first. */
function byGeneration(rows: ({ id: number } & WrappedKey)[]): [number, WrappedKey[]][] {
  return [...Map.groupBy(rows, (row) => row.id)]
}
