import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from 'node:crypto'

const version = 'e1'
const saltLength = 32
const nonceLength = 12
const tagLength = 16

/** The stored text is not an envelope, was changed, or was sealed for another place or key. */
export class EnvelopeError extends Error {}

/**
 * `e1.<key id>.<base64url of salt, nonce, ciphertext and tag>`: AES-256-GCM (NIST SP 800-38D) under a
 * key of its own, derived by HKDF-SHA256 (RFC 5869) from `key` and a random salt.
 * `context` says where the text belongs: it opens only with exactly the same parts.
 */
export function seal(
  key: { id: string; key: Buffer },
  context: readonly string[],
  plaintext: string | Buffer,
): string {
  const bound = lengthPrefixed([version, key.id, ...context])
  const random = randomBytes(saltLength + nonceLength)
  const salt = random.subarray(0, saltLength)
  const nonce = random.subarray(saltLength)
  const cipher = createCipheriv('aes-256-gcm', derive(key.key, salt, bound), nonce, {
    authTagLength: tagLength,
  })
  cipher.setAAD(bound)
  const ciphertext = [cipher.update(plaintext), cipher.final()]
  const body = Buffer.concat([random, ...ciphertext, cipher.getAuthTag()])
  return `${version}.${key.id}.${body.toString('base64url')}`
}

/** @throws {EnvelopeError} for anything that `seal` did not write with this key and context */
export function open(key: Buffer, context: readonly string[], envelope: string): Buffer {
  const { keyId, encoded } = split(envelope)
  const body = Buffer.from(encoded, 'base64url')
  // Node's decoder skips what it does not know, so that many texts would stand for one envelope.
  if (body.toString('base64url') !== encoded) throw new EnvelopeError('not an envelope')
  if (body.length < saltLength + nonceLength + tagLength) throw new EnvelopeError('too short')
  const bound = lengthPrefixed([version, keyId, ...context])
  const salt = body.subarray(0, saltLength)
  const nonce = body.subarray(saltLength, saltLength + nonceLength)
  const decipher = createDecipheriv('aes-256-gcm', derive(key, salt, bound), nonce, {
    authTagLength: tagLength,
  })
  decipher.setAAD(bound)
  decipher.setAuthTag(body.subarray(-tagLength))
  try {
    const ciphertext = body.subarray(saltLength + nonceLength, -tagLength)
    return Buffer.concat([decipher.update(ciphertext), decipher.final()])
  } catch {
    throw new EnvelopeError('does not open here')
  }
}

/** The id of the key that an envelope was sealed with. */
export function keyIdOf(envelope: string): string {
  return split(envelope).keyId
}

function split(envelope: string) {
  const [found, keyId, encoded, ...more] = envelope.split('.')
  if (found !== version || !keyId || !encoded || more.length > 0) {
    throw new EnvelopeError('not an envelope')
  }
  return { keyId, encoded }
}

/** Node's HKDF takes at most 1024 bytes of info, and a place has no such limit: its hash stands in. */
function derive(key: Buffer, salt: Buffer, bound: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, hash('sha256', bound, 'buffer'), 32))
}

/** Without the lengths, `['ab', 'c']` and `['a', 'bc']` would be the same place. */
function lengthPrefixed(parts: readonly string[]): Buffer {
  const lengths = parts.map((part) => Buffer.byteLength(part))
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 0))
  let at = 0
  for (const [index, part] of parts.entries()) {
    at = bytes.writeUInt32BE(lengths[index]!, at)
    at += bytes.write(part, at, 'utf8')
  }
  return bytes
}
