import { type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { CertificateBundle, CertificateDescription, Remark } from './bundle.ts'
import { chainStateOf, orderChain } from './chain.ts'
import { CertificateError, corrupt, tooLarge, unfit } from './error.ts'
import { keyKindOf } from './key.ts'

const maxCertificates = 50
const maxNameLength = 4_000

/**
 * Finds the certificate that a key belongs to and its issuers, and tries them in TLS.
 * @param found in the order of the file
 * @throws {CertificateError}
 */
export function assemble(found: {
  certificates: Buffer[]
  keys: KeyObject[]
  remarks: Remark[]
}): CertificateBundle {
  const { keys, remarks } = found
  if (found.certificates.length === 0) throw incomplete('no certificate')
  if (keys.length === 0) throw incomplete('no private key')
  if (found.certificates.length > maxCertificates || keys.length > maxCertificates) {
    throw tooLarge(`There are more than ${maxCertificates} certificates or keys`)
  }
  const certificates = found.certificates.map(readCertificate)
  const { leaf, key } = findPair(certificates, keys)
  const chain = orderChain(leaf, certificates)
  const certificate = chain.map(String).join('')
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string
  tryInTls(certificate, pem)
  if (keys.some((other) => !other.equals(key))) remarks.push('several-keys')
  return { certificate, key: pem, description: describe(chain, key, remarks) }
}

function readCertificate(der: Buffer): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch {
    throw corrupt()
  }
}

function findPair(certificates: X509Certificate[], keys: KeyObject[]) {
  for (const key of keys) {
    const leaf = certificates.find((certificate) => belongs(certificate, key))
    if (leaf) return { leaf, key }
  }
  throw new CertificateError(
    'key-mismatch',
    'The private key does not belong to the certificate. Send the key that the certificate was requested with.',
  )
}

function belongs(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.checkPrivateKey(key)
  } catch {
    // Its public key can't be read, so it is not that of a key which can.
    return false
  }
}

/** What TLS would not take later is refused now: short keys, weak signatures. */
function tryInTls(cert: string, key: string) {
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    const { code } = error as { code?: unknown }
    throw unfit(`TLS no longer takes this key or a signature in its chain (${String(code)})`)
  }
}

function describe(
  chain: X509Certificate[],
  key: KeyObject,
  remarks: Remark[],
): CertificateDescription {
  const leaf = chain[0]!
  const [notBefore, notAfter] = [leaf.validFromDate, leaf.validToDate]
  if (Number.isNaN(notBefore.getTime()) || Number.isNaN(notAfter.getTime())) throw corrupt()
  return {
    subject: inOneLine(leaf.subject),
    issuer: inOneLine(leaf.issuer),
    serial: leaf.serialNumber,
    fingerprint: leaf.fingerprint256,
    notBefore,
    notAfter,
    keyKind: keyKindOf(key),
    chainState: chainStateOf(chain),
    remarks,
  }
}

/** Node separates the parts of a name by line breaks, and escapes commas in them. */
function inOneLine(name: string | undefined): string {
  return (name ?? '').trim().replaceAll('\n', ', ').slice(0, maxNameLength)
}

function incomplete(what: string): CertificateError {
  return new CertificateError(
    'incomplete',
    `There is ${what} in it. Send the certificate together with its private key.`,
  )
}
