import type { KeyEncryptionKey } from '../config.ts'
import { open, seal } from './envelope.ts'

/** A start-up error in plain words: the key-encryption keys at hand do not fit this database. */
export class KeyringError extends Error {}

/** A key that stands in the database, once for each key-encryption key that it is wrapped under. */
export interface WrappedKey {
  kekId: string
  wrapped: string
}

/** The key-encryption keys of this process; a KMS would stand behind the same two functions. */
export class Keyring {
  readonly ids: readonly string[]
  readonly activeId: string
  readonly #keys: Map<string, Buffer>

  constructor(keys: readonly KeyEncryptionKey[]) {
    if (!keys[0]) throw new KeyringError('There is no key-encryption key.')
    this.#keys = new Map(keys.map((key) => [key.id, key.key]))
    this.ids = [...this.#keys.keys()]
    this.activeId = keys[0].id
  }

  /** Wraps under every key at hand, so that replicas of two generations read what either writes. */
  wrap(context: readonly string[], key: Buffer, kekIds = this.ids): WrappedKey[] {
    return kekIds.map((kekId) => ({
      kekId,
      wrapped: seal({ id: kekId, key: this.#key(kekId) }, context, key),
    }))
  }

  /** Those at hand that none of the wraps is under. */
  missing(wraps: readonly WrappedKey[]): string[] {
    return this.ids.filter((kekId) => !wraps.some((wrap) => wrap.kekId === kekId))
  }

  /** Undefined where it is wrapped under keys of others alone. */
  unwrap(context: readonly string[], wraps: readonly WrappedKey[]): Buffer | undefined {
    const known = wraps.find((wrap) => this.#keys.has(wrap.kekId))
    return known && open(this.#key(known.kekId), context, known.wrapped)
  }

  #key(kekId: string): Buffer {
    const key = this.#keys.get(kekId)
    if (!key) throw new KeyringError(`The key-encryption key "${kekId}" is not at hand.`)
    return key
  }
}
