import { createPrivateKey, type KeyObject } from 'node:crypto'
import { membersOf, objectIdOf, parse } from './der.ts'
import { corrupt, unfit } from './error.ts'

/** The kinds of keys that TLS takes. */
const known = [
  '1.2.840.113549.1.1.1',
  '1.2.840.113549.1.1.10',
  '1.2.840.10045.2.1',
  '1.3.101.112',
  '1.3.101.113',
]

/**
 * Reads PKCS#8 without a passphrase.
 * @throws {CertificateError}
 */
export function readKey(der: Buffer): KeyObject {
  const [, algorithm] = membersOf(parse(der), 3)
  const id = objectIdOf(membersOf(algorithm, 1)[0])
  if (!known.includes(id))
    throw unfit(`The private key is of a kind that TLS does not know (${id})`)
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } catch {
    throw corrupt()
  }
}

export function keyKindOf(key: KeyObject): string {
  const { modulusLength, namedCurve = 'of a curve of its own' } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') return `RSA ${modulusLength}`
  if (key.asymmetricKeyType === 'rsa-pss') return `RSA-PSS ${modulusLength}`
  if (key.asymmetricKeyType === 'ec') return `EC ${namedCurve}`
  return key.asymmetricKeyType === 'ed25519' ? 'Ed25519' : 'Ed448'
}
