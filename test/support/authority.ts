import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import forge from 'node-forge'

const day = 86_400_000

interface CertificateRequest {
  /** Host names and addresses; the first is the common name too. */
  names: string[]
  /** Yesterday. */
  notBefore?: Date
  /** In 30 days. */
  notAfter?: Date
  /** For a client rather than a server. */
  clientAuth?: boolean
}

export interface Authority {
  caPem: string
  issue(request: CertificateRequest): { key: string; cert: string }
}

/**
 * A certificate authority in memory. Each has a name of its own, so that none vouches for another's
 * certificates; they share one key pair, and so do the certificates that they issue.
 */
export function createAuthority(): Authority {
  const subject = [
    { name: 'commonName', value: `Test authority ${randomBytes(6).toString('hex')}` },
  ]
  const ca = unsigned(authorityKeys(), subject, {})
  ca.setIssuer(subject)
  ca.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ])
  ca.sign(authorityKeys().forge.privateKey, forge.md.sha256.create())

  return {
    caPem: forge.pki.certificateToPem(ca),
    issue(request) {
      const leaf = unsigned(
        leafKeys(),
        [{ name: 'commonName', value: request.names[0] ?? 'nameless' }],
        request,
      )
      leaf.setIssuer(subject)
      leaf.setExtensions([
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
        {
          name: 'extKeyUsage',
          ...(request.clientAuth ? { clientAuth: true } : { serverAuth: true }),
        },
        { name: 'subjectAltName', altNames: request.names.map(altName) },
      ])
      leaf.sign(authorityKeys().forge.privateKey, forge.md.sha256.create())
      return { key: leafKeys().pem, cert: forge.pki.certificateToPem(leaf) }
    },
  }
}

function unsigned(
  keys: Keys,
  subject: forge.pki.CertificateField[],
  { notBefore, notAfter }: Partial<CertificateRequest>,
) {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = keys.forge.publicKey
  // A serial number is a positive integer: the first bit stays clear.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`
  certificate.validity.notBefore = notBefore ?? new Date(Date.now() - day)
  certificate.validity.notAfter = notAfter ?? new Date(Date.now() + 30 * day)
  certificate.setSubject(subject)
  return certificate
}

const altName = (name: string) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })

interface Keys {
  pem: string
  forge: forge.pki.rsa.KeyPair
}

// RSA, because forge signs with nothing else; once a process, because making a key is the slow part.
const authorityKeys = once(makeKeys)
const leafKeys = once(makeKeys)

function makeKeys(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return {
    pem: privateKey,
    forge: {
      privateKey: forge.pki.privateKeyFromPem(privateKey),
      publicKey: forge.pki.publicKeyFromPem(publicKey),
    },
  }
}

function once<T>(make: () => T) {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
