import type { Db } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { DataKeys } from './data-keys.ts'
import { isMeantFor } from './destination.ts'
import { keyIdOf, open, seal } from './envelope.ts'
import { type Keyring, KeyringError } from './keyring.ts'
import { Peppers } from './peppers.ts'
import { findSealed, insertSecret, listMissingKeks, type Queries } from './store.ts'

/** Where a secret belongs, all of it bound into the ciphertext. */
export interface SecretPlace {
  organizationId: number
  /** `instance/1234`, `user/5`, `organization/1`, … */
  owner: string
  entry: string
  secretVersion: number
  /**
   * Where it may be sent: origins such as `https://api.example.com`, or `https://*.example.com` for
   * every host below that one, or `caller`.
   */
  origins: readonly string[]
}

/** The destination of what belongs to the caller of our API, such as an instance token. */
export const caller = 'caller'

export interface Sealed {
  dataKeyId: number
  sealed: string
}

export type Sealer = (
  place: Omit<SecretPlace, 'organizationId'>,
  plaintext: string | Buffer,
) => Sealed

/** Seals and opens secrets with a data key per organization, and hashes tokens under the pepper. */
export class Vault {
  readonly keyring: Keyring
  readonly #dataKeys: DataKeys
  readonly #peppers: Peppers

  private constructor(keyring: Keyring, dataKeys: DataKeys, peppers: Peppers) {
    this.keyring = keyring
    this.#dataKeys = dataKeys
    this.#peppers = peppers
  }

  /**
   * Proves the keys against what is sealed already; the first start ever makes the pepper.
   * @throws {KeyringError} saying which key is missing or wrong
   */
  static async open(db: Db, keyring: Keyring): Promise<Vault> {
    const peppers = await Peppers.open(db, keyring)
    const missing = await listMissingKeks(db, keyring.ids)
    if (missing.length > 0) {
      throw new KeyringError(
        `Secrets in this database need the key-encryption key ${missing.map((id) => `"${id}"`).join(', ')}: add it behind the active one.`,
      )
    }
    return new Vault(keyring, new DataKeys(db, keyring), peppers)
  }

  /** Seals for one organization without waiting, so that it can be used inside a transaction. */
  async sealerOf(organizationId: number): Promise<Sealer> {
    const key = await this.#dataKeys.newest(organizationId)
    return (place, plaintext) => ({
      dataKeyId: Number(key.id),
      sealed: seal(key, secretContext({ ...place, organizationId }), plaintext),
    })
  }

  async seal(place: SecretPlace, plaintext: string | Buffer): Promise<Sealed> {
    return (await this.sealerOf(place.organizationId))(place, plaintext)
  }

  /** Seals a secret and stores its row. */
  async keep(db: Queries, place: SecretPlace, plaintext: string) {
    const sealed = await this.seal(place, plaintext)
    await insertSecret(db, { ...place, origins: [...place.origins], ...sealed })
  }

  /** Opens what `keep` stored at this place for the caller. */
  async recall(db: Queries, place: SecretPlace): Promise<string> {
    return this.open(place, await findSealed(db, place), caller)
  }

  /**
   * @param destination the origin that the plaintext is about to be sent to, or `caller`
   * @throws {Refusal} `secrets-required` where the secret was not given for that destination
   * @throws {EnvelopeError} for a text that was not sealed for exactly this place
   */
  async open(place: SecretPlace, sealed: string, destination: string): Promise<string> {
    if (!isMeantFor(place.origins, destination)) {
      throw new Refusal('secrets-required', {
        message: `"${place.entry}" was not given for ${destination}. Send it again together with this change.`,
        missing: [{ key: place.entry, name: place.entry }],
      })
    }
    return (await this.#open(place, sealed)).toString('utf8')
  }

  /**
   * For another installation, to be sealed there as what it is: whoever passes it on says with it
   * where it may be sent, and tells the audit.
   * @throws {EnvelopeError} for a text that was not sealed for exactly this place
   */
  async openToMove(place: SecretPlace, sealed: string): Promise<string> {
    return (await this.#open(place, sealed)).toString('utf8')
  }

  /**
   * The same secret under the newest data key; it leaves for nowhere, so no destination is asked.
   * @throws {EnvelopeError} for a text that was not sealed for exactly this place
   */
  async reseal(place: SecretPlace, sealed: string): Promise<Sealed> {
    return await this.seal(place, await this.#open(place, sealed))
  }

  /** Whether the database still holds what the keys at hand open. */
  isAtHome(): Promise<boolean> {
    return this.#peppers.isAtHome()
  }

  /** HMAC-SHA256 under the newest pepper, to be stored. */
  hash(token: string): { hash: Buffer; pepperId: number } {
    return this.#peppers.hash(token)
  }

  /** Under every pepper in use, to look a token up: two while they turn, else one. */
  hashes(token: string): Buffer[] {
    return this.#peppers.hashes(token)
  }

  /** The hash under the pepper of that id; undefined where it has been retired. */
  hashUnder(pepperId: number, token: string): Buffer | undefined {
    return this.#peppers.hashUnder(pepperId, token)
  }

  /**
   * After a look-up that found nothing: another process may have turned the pepper.
   * @returns whether to look again, with `hashes` asked anew
   */
  refreshPeppers(): Promise<boolean> {
    return this.#peppers.refresh()
  }

  /** Makes the next pepper unless one is newer than `since`; answers the id of the newest. */
  turnPepper(since: Date): Promise<number> {
    return this.#peppers.turn(since)
  }

  /** Makes an organization's next data key and answers its id. */
  createDataKey(organizationId: number, db?: Queries): Promise<number> {
    return this.#dataKeys.create(organizationId, db)
  }

  /** Makes its next data key unless one is newer than `since`; answers the id of the newest. */
  turnDataKey(organizationId: number, since: Date): Promise<number> {
    return this.#dataKeys.create(organizationId, undefined, since)
  }

  /**
   * Wraps an organization's data keys under those of `kekIds` that they lack.
   * @returns how many wraps were added
   */
  rewrap(organizationId: number, kekIds: readonly string[]): Promise<number> {
    return this.#dataKeys.rewrap(organizationId, kekIds)
  }

  /** Forgets the data keys read so far, so that the next seal uses the newest. */
  forgetDataKeys(organizationId?: number) {
    this.#dataKeys.forget(organizationId)
  }

  async #open(place: SecretPlace, sealed: string): Promise<Buffer> {
    const { key } = await this.#dataKeys.byId(place.organizationId, keyIdOf(sealed))
    return open(key, secretContext(place), sealed)
  }
}

function secretContext(place: SecretPlace): string[] {
  const { organizationId, owner, entry, secretVersion, origins } = place
  const where = [...new Set(origins)].sort()
  return ['secret', String(organizationId), owner, entry, String(secretVersion), ...where]
}
