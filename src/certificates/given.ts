import { Refusal } from '../http/errors.ts'
import type { GivenCertificate } from './bundle.ts'
import { corrupt } from './error.ts'

/** The members in which a request brings a certificate. */
interface Members {
  pkcs12?: string
  certificate?: string
  chain?: string
  key?: string
  passphrase?: string
}

/**
 * What a request brings: a PKCS#12 file, or PEM.
 * @throws {Refusal} `body-invalid` for both, or for neither
 * @throws {CertificateError} `corrupt` for what is no base64
 */
export function givenIn(members: Members): GivenCertificate {
  const { pkcs12, certificate, chain, key, passphrase } = members
  const inPem = [certificate, chain, key].some((text) => text !== undefined)
  if (pkcs12 !== undefined && !inPem) return { pkcs12: decode(pkcs12), passphrase }
  if (pkcs12 === undefined && certificate !== undefined && key !== undefined) {
    return { certificate, chain, key, passphrase }
  }
  throw new Refusal(
    'body-invalid',
    'Send either pkcs12, or certificate and key (and chain) in PEM.',
  )
}

/**
 * What a single text carries, such as a value in a configuration: PEM blocks, or a PKCS#12 file in
 * base64.
 * @throws {CertificateError} `corrupt` for what is neither
 */
export function givenInText(text: string, passphrase: string | undefined): GivenCertificate {
  return text.includes('-----BEGIN ')
    ? { certificate: text, key: text, passphrase }
    : { pkcs12: decode(text), passphrase }
}

function decode(base64: string): Buffer {
  const digits = base64.replace(/\s+/g, '')
  if (!/^[\w+/-]+={0,2}$/.test(digits)) throw corrupt()
  return Buffer.from(digits, 'base64')
}
