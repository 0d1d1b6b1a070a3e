import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CompactEncrypt, calculateJwkThumbprint, compactDecrypt, decodeProtectedHeader } from 'jose'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { Refusal } from '../http/errors.ts'
import { digestOf, type Manifest, SealedSecrets } from './manifest.ts'

/** ECDH-ES with X25519 (RFC 8037, RFC 7518, section 4.6), and AES-256-GCM beneath. */
export const sealingAlgorithm = 'ECDH-ES+A256KW'
const encryption = 'A256GCM'
/** The header parameter with the digest of the manifest; what is in the header is authenticated. */
const digestParameter = 'manifest'

/** A public key (RFC 7517) as an import key has it. */
export interface PublicJwk {
  kty: 'OKP'
  crv: 'X25519'
  x: string
  /** Its thumbprint (RFC 7638). */
  kid: string
  use: 'enc'
  alg: typeof sealingAlgorithm
}

/** A public key that is known to be good for sealing. */
export interface SealingKey {
  kid: string
  key: KeyObject
}

/** A new key pair: the private half as JSON, for the vault alone. */
export async function createKeyPair(): Promise<{ publicKey: PublicJwk; privateKey: string }> {
  const pair = generateKeyPairSync('x25519')
  const { x } = pair.publicKey.export({ format: 'jwk' }) as { x: string }
  const bare = { kty: 'OKP', crv: 'X25519', x } as const
  const kid = await calculateJwkThumbprint(bare)
  const privateKey = JSON.stringify(pair.privateKey.export({ format: 'jwk' }))
  return { publicKey: { ...bare, kid, use: 'enc', alg: sealingAlgorithm }, privateKey }
}

/**
 * Reads a public key that somebody sent.
 * @throws {Refusal} `public-key-unfit` for another kind of key, a private or weak one, and one that
 *   is not what its `kid` says
 */
export async function readPublicKey(given: Record<string, unknown>): Promise<SealingKey> {
  if (['d', 'p', 'q', 'k'].some((part) => Object.hasOwn(given, part))) {
    throw unfit('This is a private key, which must stay where it was made: make another one there.')
  }
  const { kty, crv, x, kid, use = 'enc', alg = sealingAlgorithm } = given
  if (kty !== 'OKP' || crv !== 'X25519' || use !== 'enc' || alg !== sealingAlgorithm) {
    throw unfit(`It has to be an X25519 key for ${sealingAlgorithm}.`)
  }
  try {
    const bare = { kty, crv, x } as { kty: string; crv: string; x: string }
    const key = createPublicKey({ key: bare, format: 'jwk' })
    if (key.export({ format: 'jwk' }).x !== x) throw unfit('Its "x" is not 32 bytes in base64url.')
    // Rejects for points of small order, with which everybody could guess what comes of it.
    diffieHellman({ privateKey: generateKeyPairSync('x25519').privateKey, publicKey: key })
    if ((await calculateJwkThumbprint(bare)) !== kid)
      throw unfit('Its "kid" is that of another key.')
    return { kid, key }
  } catch (error) {
    throw error instanceof Refusal ? error : unfit('It is no key that anything can be sealed for.')
  }
}

function unfit(why: string): Refusal {
  return new Refusal(
    'public-key-unfit',
    `${why} Send "publicKey" as the other installation answered POST /imports/keys.`,
  )
}

/** Seals secrets for the one who has the private key, and for this manifest alone. */
export function sealSecrets(
  { kid, key }: SealingKey,
  manifest: Manifest,
  secrets: SealedSecrets,
): Promise<string> {
  const header = { alg: sealingAlgorithm, enc: encryption, kid }
  return new CompactEncrypt(Buffer.from(JSON.stringify(secrets)))
    .setProtectedHeader({ ...header, [digestParameter]: digestOf(manifest) })
    .encrypt(key)
}

/** For which key they are sealed; undefined where they are not sealed at all. */
export function kidOf(sealed: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(sealed)
    return typeof kid === 'string' ? kid : undefined
  } catch {
    return undefined
  }
}

/**
 * Opens what was sealed beside a manifest.
 * @param privateKey as `createKeyPair` made it
 * @throws {Refusal} `import-altered` for anything that was not sealed for this key and manifest
 */
export async function openSecrets(
  privateKey: string,
  manifest: Manifest,
  sealed: string,
): Promise<SealedSecrets> {
  const { plaintext, protectedHeader } = await compactDecrypt(sealed, JSON.parse(privateKey), {
    keyManagementAlgorithms: [sealingAlgorithm],
    contentEncryptionAlgorithms: [encryption],
    maxDecompressedLength: 0,
  }).catch(() => {
    throw altered()
  })
  if (protectedHeader[digestParameter] !== digestOf(manifest)) throw altered()
  const secrets = readSealed(SealedSecrets, Buffer.from(plaintext).toString())
  const named = (list: { entry: string }[]) => list.map(({ entry }) => entry)
  const isWhole =
    areSame(Object.keys(secrets.entries), named(manifest.secrets)) &&
    areSame(Object.keys(secrets.certificates), named(manifest.certificates))
  if (!isWhole) throw altered()
  return secrets
}

/** @throws {Refusal} `import-altered` for what is other JSON, or none: it is never quoted */
export function readSealed<Schema extends TSchema>(schema: Schema, text: string): Static<Schema> {
  try {
    const value: unknown = JSON.parse(text)
    if (Value.Check(schema, value)) return value as Static<Schema>
  } catch {}
  throw altered()
}

function areSame(some: string[], others: string[]): boolean {
  return some.length === others.length && new Set([...some, ...others]).size === some.length
}

export function altered(): Refusal {
  return new Refusal(
    'import-altered',
    'The secrets do not belong to this manifest: one of them was changed, or cut off, since it was exported. Export the instance again.',
  )
}
