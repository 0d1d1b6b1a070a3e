import { createPrivateKey, type KeyObject } from 'node:crypto'
import { RenderError } from '../exchange/template.ts'

const kinds = {
  rsa: { name: 'an RSA key of 2048 to 8192 bits', fits: isRsa },
  'P-256': { name: 'an EC key on the curve P-256', fits: isOn('prime256v1') },
  'P-384': { name: 'an EC key on the curve P-384', fits: isOn('secp384r1') },
  ed25519: {
    name: 'an Ed25519 key',
    fits: (key: KeyObject) => key.asymmetricKeyType === 'ed25519',
  },
}

export type KeyKind = keyof typeof kinds

/**
 * A private key of one kind, written as PEM (PKCS#8, PKCS#1 or SEC 1, line breaks lost or not) or
 * as a JWK (RFC 7517).
 * @throws {RenderError} naming the entry, for what is none
 */
export function readPrivateKey(text: string, kind: KeyKind, entry: string): KeyObject {
  // It is what PKCS#8 and the older forms both say.
  if (text.includes('ENCRYPTED')) {
    throw new RenderError(entry, 'is a key behind a passphrase; give the key without one')
  }
  const key = parse(text)
  if (!key) throw new RenderError(entry, 'is no private key in PEM, nor a JWK')
  const { name, fits } = kinds[kind]
  if (!fits(key)) throw new RenderError(entry, `must be ${name}`)
  return key
}

function parse(text: string): KeyObject | undefined {
  try {
    return text.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(text), format: 'jwk' })
      : createPrivateKey(withLineBreaks(text))
  } catch {
    // OpenSSL's words say nothing to a person, and JSON's repeat the key.
    return undefined
  }
}

const block = /(-----BEGIN [A-Z ]+-----)([^-]*)(-----END [A-Z ]+-----)/g

/** Forms of one line lose line breaks, and JSON files spell them out. */
function withLineBreaks(pem: string): string {
  return pem.replaceAll('\\n', '\n').replace(block, (_, begin, content: string, end) => {
    const lines = content.replace(/\s/g, '').match(/.{1,64}/g) ?? []
    return [begin, ...lines, end].join('\n')
  })
}

function isRsa({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const { modulusLength = 0 } = asymmetricKeyDetails ?? {}
  return asymmetricKeyType === 'rsa' && modulusLength >= 2048 && modulusLength <= 8192
}

function isOn(curve: string) {
  return ({ asymmetricKeyDetails }: KeyObject) => asymmetricKeyDetails?.namedCurve === curve
}
