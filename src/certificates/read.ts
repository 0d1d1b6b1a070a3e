import { assemble } from './assemble.ts'
import type { CertificateBundle, GivenCertificate } from './bundle.ts'
import { readKey } from './key.ts'
import { readPemCertificates, readPemKeys } from './pem.ts'
import { readPkcs12 } from './pkcs12.ts'

/**
 * Reads a certificate with its key and chain. Takes as long as the file has it take: for a thread
 * that can be ended.
 * @throws {CertificateError}
 */
export function read(given: GivenCertificate): CertificateBundle {
  const { passphrase } = given
  if ('pkcs12' in given) {
    const { certificates, keys, remarks } = readPkcs12(given.pkcs12, passphrase)
    return assemble({ certificates, keys: keys.map(readKey), remarks })
  }
  return assemble({
    certificates: readPemCertificates(given.certificate, given.chain ?? ''),
    keys: readPemKeys(given.key, passphrase),
    remarks: [],
  })
}
