import { createHmac, timingSafeEqual } from 'node:crypto'
import { bareIdOf, type Der, membersOf, objectIdOf, octetsOf } from './der.ts'
import { type Digest, derive, iterationsOf, purposes } from './derive.ts'
import { unsupported } from './error.ts'
import type { Passphrase } from './passphrase.ts'
import { hmacOf, readPbkdf2 } from './pbkdf2.ts'

/** Whether the passphrase is the one that the content was sealed with, and the content is whole. */
export type Verify = (content: Buffer, passphrase: Passphrase) => boolean

const pbmac1 = '1.2.840.113549.1.5.14'

const digests: Record<string, { digest: Digest; length: number }> = {
  '1.3.14.3.2.26': { digest: 'sha1', length: 20 },
  '2.16.840.1.101.3.4.2.4': { digest: 'sha224', length: 28 },
  '2.16.840.1.101.3.4.2.1': { digest: 'sha256', length: 32 },
  '2.16.840.1.101.3.4.2.2': { digest: 'sha384', length: 48 },
  '2.16.840.1.101.3.4.2.3': { digest: 'sha512', length: 64 },
}

/**
 * The MAC of a PKCS#12 file (RFC 7292, section 4).
 * @throws {CertificateError} before anything is derived, where it is not supported or too costly
 */
export function readMac(macData: Der): Verify {
  const [info, salted, count] = membersOf(macData, 2)
  const [algorithm, stated] = membersOf(info, 2)
  const [named, parameters] = membersOf(algorithm, 1)
  const id = objectIdOf(named)
  const expected = octetsOf(stated)
  if (id === pbmac1) return readPbmac1(parameters, expected)
  const known = digests[bareIdOf(algorithm)]
  if (!known) throw unsupported(`the MAC ${id}`)
  const { digest, length } = known
  const salt = octetsOf(salted)
  const iterations = count ? iterationsOf(count) : 1
  return (content, { bmp: passphrase }) => {
    const key = derive({ digest, purpose: purposes.mac, passphrase, salt, iterations, length })
    return isMac(digest, key, content, expected)
  }
}

/** RFC 9579: the parameters are those of PBMAC1; salt and iterations beside it mean nothing. */
function readPbmac1(parameters: Der | undefined, expected: Buffer): Verify {
  const [derivation, scheme] = membersOf(parameters, 2)
  const { keyLength = 0, derive } = readPbkdf2(derivation)
  const digest = hmacOf(scheme)
  // Section 5 requires the length, and section 9 at least 20; some write four times what they need.
  if (keyLength < 20 || keyLength > 256) throw unsupported('a MAC with a key of unusual length')
  return (content, { utf8 }) => isMac(digest, derive(utf8, keyLength), content, expected)
}

function isMac(digest: string, key: Buffer, content: Buffer, expected: Buffer): boolean {
  const mac = createHmac(digest, key).update(content).digest()
  return mac.length === expected.length && timingSafeEqual(mac, expected)
}
