import forge from 'node-forge'

/** A certificate and its key as a p12 file, as older tools write it. */
export function pkcs12Of({ key, cert }: { key: string; cert: string }, passphrase: string): Buffer {
  const sealed = forge.pkcs12.toPkcs12Asn1(
    forge.pki.privateKeyFromPem(key),
    [forge.pki.certificateFromPem(cert)],
    passphrase,
    { algorithm: '3des' },
  )
  return Buffer.from(forge.asn1.toDer(sealed).getBytes(), 'binary')
}
