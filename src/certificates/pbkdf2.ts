import { pbkdf2Sync } from 'node:crypto'
import { bareIdOf, countOf, type Der, isInteger, membersOf, objectIdOf, octetsOf } from './der.ts'
import { iterationsOf } from './derive.ts'
import { unsupported } from './error.ts'

const pbkdf2 = '1.2.840.113549.1.5.12'

const hmacs: Record<string, string> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

/** The digest of an algorithm that is an HMAC. */
export function hmacOf(algorithm: Der | undefined): string {
  const id = bareIdOf(algorithm)
  const digest = hmacs[id]
  if (!digest) throw unsupported(`the algorithm ${id}`)
  return digest
}

export interface Derivation {
  /** As the file states it; it need not. */
  keyLength: number | undefined
  derive(passphrase: Buffer, length: number): Buffer
}

/** A key derivation that has to be PBKDF2 (RFC 8018, appendix A.2). */
export function readPbkdf2(algorithm: Der | undefined): Derivation {
  const [id, parameters] = membersOf(algorithm, 2)
  if (objectIdOf(id) !== pbkdf2) throw unsupported(`the key derivation ${objectIdOf(id)}`)
  const [salted, count, ...rest] = membersOf(parameters, 2)
  const salt = octetsOf(salted)
  const iterations = iterationsOf(count)
  const keyLength = isInteger(rest[0]) ? countOf(rest.shift()) : undefined
  const digest = rest.length > 0 ? hmacOf(rest[0]) : 'sha1'
  return {
    keyLength,
    derive: (passphrase, length) => pbkdf2Sync(passphrase, salt, iterations, length, digest),
  }
}
