import { createDecipheriv } from 'node:crypto'
import forge from 'node-forge'
import { type Der, membersOf, objectIdOf, octetsOf } from './der.ts'
import { derive, iterationsOf, purposes } from './derive.ts'
import { corrupt, unsupported, wrongPassphrase } from './error.ts'
import type { Passphrase } from './passphrase.ts'
import { readPbkdf2 } from './pbkdf2.ts'

/**
 * Takes an encryption off.
 * @throws {CertificateError} `wrong-passphrase` where the padding says so; it does not always
 */
export type Decrypt = (encrypted: Buffer, passphrase: Passphrase) => Buffer

interface Cipher {
  keyLength: number
  vectorLength: number
  decrypt(encrypted: Buffer, key: Buffer, vector: Buffer): Buffer
}

const pbes2 = '1.2.840.113549.1.5.13'

const tripleDes = ofNode('des-ede3-cbc', 24, 8)
const doubleDes: Cipher = {
  ...tripleDes,
  keyLength: 16,
  decrypt: (encrypted, key, vector) =>
    tripleDes.decrypt(encrypted, Buffer.concat([key, key.subarray(0, 8)]), vector),
}

/** Those with a passphrase by the ways of PKCS#12 (RFC 7292, appendix C). */
const ofPkcs12: Record<string, Cipher> = {
  '1.2.840.113549.1.12.1.3': tripleDes,
  '1.2.840.113549.1.12.1.4': doubleDes,
  '1.2.840.113549.1.12.1.5': rc2(128),
  '1.2.840.113549.1.12.1.6': rc2(40),
}

/** Those of PBES2 (RFC 8018, appendix B.2). */
const ofPbes2: Record<string, Cipher> = {
  '1.2.840.113549.3.7': tripleDes,
  '2.16.840.1.101.3.4.1.2': ofNode('aes-128-cbc', 16, 16),
  '2.16.840.1.101.3.4.1.22': ofNode('aes-192-cbc', 24, 16),
  '2.16.840.1.101.3.4.1.42': ofNode('aes-256-cbc', 32, 16),
}

/**
 * How something is encrypted under a passphrase.
 * @throws {CertificateError} before anything is derived, where it is not supported or too costly
 */
export function readScheme(algorithm: Der | undefined): Decrypt {
  const [named, parameters] = membersOf(algorithm, 2)
  const id = objectIdOf(named)
  if (id === pbes2) return readPbes2(parameters)
  const cipher = ofPkcs12[id]
  if (!cipher) throw unsupported(`the encryption ${id}`)
  const [salted, count] = membersOf(parameters, 2)
  const salt = octetsOf(salted)
  const iterations = iterationsOf(count)
  return (encrypted, { bmp }) => {
    const given = { digest: 'sha1', passphrase: bmp, salt, iterations } as const
    const key = derive({ ...given, purpose: purposes.key, length: cipher.keyLength })
    const vector = derive({ ...given, purpose: purposes.vector, length: cipher.vectorLength })
    return cipher.decrypt(encrypted, key, vector)
  }
}

function readPbes2(parameters: Der | undefined): Decrypt {
  const [derivation, encryption] = membersOf(parameters, 2)
  const pbkdf2 = readPbkdf2(derivation)
  const [named, vectored] = membersOf(encryption, 1)
  const cipher = ofPbes2[objectIdOf(named)]
  if (!cipher) throw unsupported(`the encryption ${objectIdOf(named)}`)
  const vector = octetsOf(vectored)
  if (vector.length !== cipher.vectorLength) throw corrupt()
  return (encrypted, { utf8 }) =>
    cipher.decrypt(encrypted, pbkdf2.derive(utf8, cipher.keyLength), vector)
}

function ofNode(name: string, keyLength: number, vectorLength: number): Cipher {
  return {
    keyLength,
    vectorLength,
    decrypt(encrypted, key, vector) {
      const decipher = createDecipheriv(name, key, vector)
      try {
        return Buffer.concat([decipher.update(encrypted), decipher.final()])
      } catch {
        throw wrongPassphrase()
      }
    },
  }
}

/** Node's OpenSSL comes without its legacy ciphers. */
function rc2(bits: number): Cipher {
  return {
    keyLength: bits / 8,
    vectorLength: 8,
    decrypt(encrypted, key, vector) {
      const decipher = forge.rc2.createDecryptionCipher(key.toString('latin1'), bits)
      decipher.start(vector.toString('latin1'))
      decipher.update(forge.util.createBuffer(encrypted.toString('latin1')))
      if (!decipher.finish()) throw wrongPassphrase()
      return Buffer.from(decipher.output.getBytes(), 'latin1')
    },
  }
}
