import type { Remark } from './bundle.ts'
import {
  countOf,
  type Der,
  membersOf,
  objectIdOf,
  octetsOf,
  parse,
  serialize,
  taggedIn,
  taggedOctetsOf,
} from './der.ts'
import { CertificateError, corrupt, unsupported, wrongPassphrase } from './error.ts'
import { readMac } from './mac.ts'
import { formsOf, type Passphrase } from './passphrase.ts'
import { readScheme } from './scheme.ts'

/** What a file holds, in its order and as bytes of DER. */
export interface Contents {
  certificates: Buffer[]
  /** PKCS#8. */
  keys: Buffer[]
}

const contentTypes = { data: '1.2.840.113549.1.7.1', encrypted: '1.2.840.113549.1.7.6' }
const bagTypes = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  safe: '1.2.840.113549.1.12.10.1.6',
}
const x509 = '1.2.840.113549.1.9.22.1'

/** The bags of a safe; another passphrase than the one it was sealed with may yield anything. */
type Safe = (passphrase: Passphrase) => Der[]

/**
 * Reads a PKCS#12 file (RFC 7292) that is sealed with a passphrase, or not at all. Where there is a
 * MAC, nothing is decrypted before it was verified.
 * @throws {CertificateError}
 */
export function readPkcs12(
  file: Buffer,
  passphrase: string | undefined,
): Contents & { remarks: Remark[] } {
  const [version, authenticated, macData] = membersOf(parse(file), 2)
  if (countOf(version) !== 3) throw corrupt()
  const content = octetsOf(contentOf(authenticated, contentTypes.data))
  const safes = membersOf(parse(content)).map(readSafe)
  const verify = macData && readMac(macData)
  const forms = formsOf(passphrase).filter((form) => !verify || verify(content, form))
  return { ...openWithOneOf(forms, safes), remarks: verify ? [] : ['without-mac'] }
}

function openWithOneOf(forms: Passphrase[], safes: Safe[]): Contents {
  let failure = wrongPassphrase()
  for (const form of forms) {
    try {
      const contents: Contents = { certificates: [], keys: [] }
      for (const safe of safes) collect(safe(form), form, contents)
      return contents
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error
      failure = error
    }
  }
  throw failure
}

function readSafe(info: Der): Safe {
  const type = objectIdOf(membersOf(info, 2)[0])
  if (type === contentTypes.data) {
    const bags = membersOf(parse(octetsOf(contentOf(info, type))))
    return () => bags
  }
  const [, encrypted] = membersOf(contentOf(info, contentTypes.encrypted), 2)
  const [, algorithm, sealed] = membersOf(encrypted, 3)
  const decrypt = readScheme(algorithm)
  const bytes = taggedOctetsOf(sealed)
  return (passphrase) => membersOf(parseDecrypted(decrypt(bytes, passphrase)))
}

function contentOf(info: Der | undefined, type: string): Der {
  const [id, content] = membersOf(info, 2)
  if (objectIdOf(id) !== type) throw unsupported(`a protection by public keys (${objectIdOf(id)})`)
  return taggedIn(content)
}

function collect(bags: Der[], passphrase: Passphrase, { certificates, keys }: Contents) {
  for (const bag of bags) {
    const [id, tagged] = membersOf(bag, 2)
    const type = objectIdOf(id)
    const value = taggedIn(tagged)
    if (type === bagTypes.safe) collect(membersOf(value), passphrase, { certificates, keys })
    if (type === bagTypes.key) keys.push(serialize(value))
    if (type === bagTypes.shroudedKey) keys.push(unshroud(value, passphrase))
    if (type === bagTypes.certificate) {
      const [kind, certificate] = membersOf(value, 2)
      if (objectIdOf(kind) === x509) certificates.push(octetsOf(taggedIn(certificate)))
    }
  }
}

/** The private key of an encrypted one (RFC 5958, section 3). */
export function unshroud(shrouded: Der, passphrase: Passphrase): Buffer {
  const [algorithm, encrypted] = membersOf(shrouded, 2)
  const key = readScheme(algorithm)(octetsOf(encrypted), passphrase)
  parseDecrypted(key)
  return key
}

/** Padding may be right by chance; what is no ASN.1 was opened with the wrong key. */
function parseDecrypted(bytes: Buffer): Der {
  try {
    return parse(bytes)
  } catch {
    throw wrongPassphrase()
  }
}
