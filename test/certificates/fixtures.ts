import { readFileSync } from 'node:fs'
import type { GivenCertificate } from '../../src/certificates/bundle.ts'
import type { CertificateErrorKind } from '../../src/certificates/error.ts'

const folder = new URL('../fixtures/certificates/', import.meta.url)

/** A file of the fixtures, and what make.sh says of it. */
export interface Fixture {
  file: string
  passphrase: string
  outcome: 'opens' | CertificateErrorKind
  subject: string
  keyKind: string
  chainState: string
}

export const fixtures: Fixture[] = JSON.parse(
  readFileSync(new URL('manifest.json', folder), 'utf8'),
)

export function bytesOf(file: string): Buffer {
  return readFileSync(new URL(file, folder))
}

export function fixture(file: string): Fixture {
  const found = fixtures.find((one) => one.file === file)
  if (!found) throw new Error(`there is no ${file} in the manifest`)
  return found
}

/** As it would be given with its own passphrase, or with another. */
export function given(file: string, passphrase = fixture(file).passphrase): GivenCertificate {
  const bytes = bytesOf(file)
  const pem = bytes.toString()
  return file.endsWith('.p12')
    ? { pkcs12: bytes, passphrase }
    : { certificate: pem, key: pem, passphrase }
}

/** The body of a request that brings it. */
export function bodyOf(file: string, more: object = {}) {
  const { passphrase } = fixture(file)
  return {
    name: 'Acme at the vendor',
    origins: ['https://api.example.com'],
    pkcs12: bytesOf(file).toString('base64'),
    passphrase,
    ...more,
  }
}
