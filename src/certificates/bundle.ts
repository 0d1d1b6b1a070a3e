/** A certificate as it is given: a PKCS#12 file, or PEM texts that may stand in one another. */
export type GivenCertificate =
  | { pkcs12: Buffer; passphrase?: string | undefined }
  | {
      certificate: string
      chain?: string | undefined
      key: string
      passphrase?: string | undefined
    }

/**
 * `complete`: up to a root, be it in the file or one that Node knows. `self-signed`: the
 * certificate is its own issuer.
 */
export type ChainState = 'complete' | 'incomplete' | 'self-signed'

/** `without-mac`: nothing in the file proves that it is whole. `several-keys`: others were left out. */
export type Remark = 'without-mac' | 'several-keys'

/** What may be told of a certificate. */
export interface CertificateDescription {
  subject: string
  issuer: string
  /** In hexadecimal. */
  serial: string
  /** SHA-256, in hexadecimal with colons. */
  fingerprint: string
  notBefore: Date
  notAfter: Date
  /** Such as `RSA 2048`, `EC prime256v1`, `Ed25519`. */
  keyKind: string
  chainState: ChainState
  remarks: Remark[]
}

/** A certificate whose key is its own, ready for TLS. */
export interface CertificateBundle {
  /** PEM: the certificate, then its issuers in order. */
  certificate: string
  /** PEM, PKCS#8, without a passphrase. */
  key: string
  description: CertificateDescription
}
