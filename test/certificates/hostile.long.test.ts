import { describe, expect, test } from 'vitest'
import type { GivenCertificate } from '../../src/certificates/bundle.ts'
import { CertificateError } from '../../src/certificates/error.ts'
import { read } from '../../src/certificates/read.ts'
import { bombs, passphrase } from './bombs.ts'
import { bytesOf, fixture } from './fixtures.ts'

/** How the reading ended; an error of any other kind fails the test. */
function outcomeOf(given: GivenCertificate): string {
  try {
    read(given)
    return 'opens'
  } catch (error) {
    if (error instanceof CertificateError) return error.kind
    throw error
  }
}

function flipped(file: Buffer, offset: number, bit: number): Buffer {
  const bytes = Buffer.from(file)
  bytes[offset]! ^= 1 << bit
  return bytes
}

describe('a file that is made to do harm', () => {
  test.each(bombs)('with $what is refused as $kind', ({ pkcs12, kind }) => {
    expect(outcomeOf({ pkcs12, passphrase })).toBe(kind)
  })

  test('in PEM, with very many beginnings or certificates, is refused', () => {
    const key = bytesOf('pkcs8.pem').toString()
    const texts = {
      beginnings: '-----BEGIN CERTIFICATE-----\n'.repeat(9_000),
      nonsense: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'.repeat(30),
      many: key.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/)![0].repeat(60),
    }
    const kinds = Object.values(texts).map((certificate) => outcomeOf({ certificate, key }))
    expect(kinds).toEqual(['incomplete', 'corrupt', 'too-large'])
  })
})

describe('a file that was cut off', () => {
  test.each(['one-iteration.p12', 'one-iteration-legacy.p12', 'without-anything.p12'])(
    'anywhere is refused: %s',
    (file) => {
      const bytes = bytesOf(file)
      const { passphrase } = fixture(file)
      for (let length = 0; length < bytes.length; length++) {
        const pkcs12 = bytes.subarray(0, length)
        expect(outcomeOf({ pkcs12, passphrase }), `${length} bytes`).toBe('corrupt')
      }
    },
  )
})

describe('a file with one bit turned', () => {
  test.each(['one-iteration.p12', 'one-iteration-legacy.p12'])(
    'is refused wherever that is, if it has a MAC: %s',
    (file) => {
      const bytes = bytesOf(file)
      const outcomes = new Set<string>()
      for (let offset = 0; offset < bytes.length; offset++) {
        // All bits of the structure around, one bit of each byte of what the MAC is over.
        const isAround = offset < 60 || offset > bytes.length - 100
        for (const bit of isAround ? [0, 1, 2, 3, 4, 5, 6, 7] : [offset % 8]) {
          const pkcs12 = flipped(bytes, offset, bit)
          const outcome = outcomeOf({ pkcs12, passphrase: fixture(file).passphrase })
          if (outcome === 'opens') throw new Error(`opens with bit ${bit} of byte ${offset} turned`)
          outcomes.add(outcome)
        }
      }
      expect(outcomes).toContain('wrong-passphrase')
      expect(outcomes).toContain('corrupt')
    },
  )

  test.each(['one-iteration-without-mac.p12', 'without-anything.p12'])(
    'never breaks the reader, where no MAC tells: %s',
    (file) => {
      const bytes = bytesOf(file)
      const outcomes = new Set<string>()
      for (let offset = 0; offset < bytes.length; offset += 2) {
        const pkcs12 = flipped(bytes, offset, offset % 8)
        outcomes.add(outcomeOf({ pkcs12, passphrase: fixture(file).passphrase }))
      }
      expect(outcomes).toContain('corrupt')
    },
  )

  test.each(['pkcs8-sha512.pem', 'sec1-encrypted.pem'])('never breaks it in PEM: %s', (file) => {
    const bytes = bytesOf(file)
    const outcomes = new Set<string>()
    for (let offset = 0; offset < bytes.length; offset += 5) {
      const pem = flipped(bytes, offset, offset % 7).toString()
      const { passphrase } = fixture(file)
      outcomes.add(outcomeOf({ certificate: pem, key: pem, passphrase }))
    }
    expect(outcomes).toContain('corrupt')
  })
})
