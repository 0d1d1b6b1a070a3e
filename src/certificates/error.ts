import type { ProblemCode } from '../http/errors.ts'
import { Refusal } from '../http/errors.ts'

const codes = {
  'wrong-passphrase': 'certificate-passphrase-wrong',
  'unsupported-algorithm': 'certificate-unsupported',
  corrupt: 'certificate-corrupt',
  incomplete: 'certificate-incomplete',
  'key-mismatch': 'certificate-key-mismatch',
  'too-large': 'certificate-too-large',
  'too-costly': 'certificate-too-costly',
} as const satisfies Record<string, ProblemCode>

export type CertificateErrorKind = keyof typeof codes

/** A certificate that can't be taken. `message` says what to do, and holds nothing of the file. */
export class CertificateError extends Error {
  readonly kind: CertificateErrorKind

  constructor(kind: CertificateErrorKind, message: string) {
    super(message)
    this.kind = kind
  }
}

/** What the API answers for it. */
export function refusalOf(error: CertificateError): Refusal {
  return new Refusal(codes[error.kind], error.message)
}

export function corrupt(): CertificateError {
  return new CertificateError(
    'corrupt',
    'The file is damaged, or of another kind than PKCS#12 (.p12, .pfx) or PEM. Export it once more and send it whole.',
  )
}

export function wrongPassphrase(): CertificateError {
  return new CertificateError(
    'wrong-passphrase',
    'The passphrase does not open the file. Check the passphrase; if it is right, the file was damaged on its way.',
  )
}

/** @param what of its protection, by name or object identifier */
export function unsupported(what: string): CertificateError {
  return new CertificateError(
    'unsupported-algorithm',
    `The file uses ${what}, which is not supported. Export it once more with AES-256 and SHA-256.`,
  )
}

/** @param what of the certificate itself, as a sentence without its end */
export function unfit(what: string): CertificateError {
  return new CertificateError(
    'unsupported-algorithm',
    `${what}. Have a certificate issued for an RSA key of 2048 bits or more, or for an EC key.`,
  )
}

export function tooLarge(what: string): CertificateError {
  return new CertificateError(
    'too-large',
    `${what}. Export the certificate with its key and chain alone.`,
  )
}

export function tooCostly(): CertificateError {
  return new CertificateError(
    'too-costly',
    'Opening the file takes too long: its passphrase is iterated too often. Export it once more with 1,000,000 iterations at most.',
  )
}
