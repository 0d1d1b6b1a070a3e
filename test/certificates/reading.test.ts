import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import forge from 'node-forge'
import { afterAll, describe, expect, test } from 'vitest'
import type { GivenCertificate } from '../../src/certificates/bundle.ts'
import { chainStateOf, orderChain } from '../../src/certificates/chain.ts'
import { CertificateError } from '../../src/certificates/error.ts'
import { givenInText } from '../../src/certificates/given.ts'
import { read } from '../../src/certificates/read.ts'
import { CertificateReader } from '../../src/certificates/reader.ts'
import { Refusal } from '../../src/http/errors.ts'
import { at, edited, integer, withPbmac1 } from './asn1.ts'
import { bytesOf, fixture, fixtures, given } from './fixtures.ts'

const reader = new CertificateReader()
afterAll(() => reader[Symbol.asyncDispose]())

function errorOf(given: GivenCertificate): CertificateError {
  try {
    read(given)
  } catch (error) {
    if (error instanceof CertificateError) return error
    throw error
  }
  throw new Error('it was read, and should have been refused')
}

const opening = fixtures.filter(({ outcome }) => outcome === 'opens')
const refused = fixtures.filter(({ outcome }) => outcome !== 'opens')
const encrypted = opening.filter(
  ({ file, passphrase }) => passphrase !== '' && !/without-enc/.test(file),
)

describe('a file of the fixtures', () => {
  test.each(refused)('$file is refused: $outcome', async ({ file, outcome }) => {
    const error = await reader.read(1, given(file)).catch((error) => error)
    expect(error).toBeInstanceOf(CertificateError)
    expect(error.kind).toBe(outcome)
    expect(error.message).toMatch(/\.$/)
  })

  test.each(encrypted)('$file is refused with another passphrase, or with none', ({ file }) => {
    for (const passphrase of ['another', 'correct hors', '']) {
      expect(errorOf(given(file, passphrase)).kind).toBe('wrong-passphrase')
    }
  })

  test.each(opening)('$file opens', async ({ file, subject, keyKind, chainState }) => {
    const { certificate, key, description } = await reader.read(1, given(file))
    expect(description).toMatchObject({ subject, keyKind, chainState })
    const pems = certificate.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g)!
    expect(pems.join('')).toBe(certificate)
    const chain = pems.map((pem) => new X509Certificate(pem))
    expect(chain[0]!.fingerprint256).toBe(description.fingerprint)
    expect(chain[0]!.checkPrivateKey(createPrivateKey(key))).toBe(true)
    for (const [at, one] of chain.slice(1).entries())
      expect(chain[at]!.verify(one.publicKey)).toBe(true)
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  })
})

describe('a chain', () => {
  const chainOf = (file: string) => {
    const { certificate } = read(given(file))
    return certificate
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => new X509Certificate(pem))
  }

  test('comes in order, whatever the order in the file, and without strangers', () => {
    const subjects = chainOf('strangers-in-between.p12').map(({ subject }) => subject)
    expect(subjects).toEqual([
      'CN=Fixture client with a curve',
      'CN=Fixture issuing authority',
      'CN=Fixture root',
    ])
  })

  test('is complete where a known root has issued its end, by signature and not by name', () => {
    const [leaf, issuing, root] = chainOf('default.p12') as [
      X509Certificate,
      X509Certificate,
      X509Certificate,
    ]
    expect(chainStateOf([leaf, issuing], [root.toString()])).toBe('complete')
    expect(chainStateOf([leaf, issuing], [leaf.toString()])).toBe('incomplete')
    const other = chainOf('rc2-40-sha1.p12')[0]!
    expect(orderChain(leaf, [root, other])).toEqual([leaf])
  })
})

describe('a MAC by PBMAC1 (RFC 9579)', () => {
  const { passphrase } = fixture('without-mac.p12')

  test.each(['1.2.840.113549.2.9', '1.2.840.113549.2.11'] as const)(
    'with %s is verified',
    (prf) => {
      const { description } = read({ pkcs12: withPbmac1(passphrase, { prf }), passphrase })
      expect(description).toMatchObject({ keyKind: 'EC prime256v1', remarks: [] })
    },
  )

  test('is the one that OpenSSL knows', () => {
    const pfx = withPbmac1(passphrase)
    expect(() => createSecureContext({ pfx, passphrase })).not.toThrow()
    const wrong = withPbmac1('another')
    expect(() => createSecureContext({ pfx: wrong, passphrase })).toThrow('mac verify failure')
  })

  test('that is not right refuses the file, though the passphrase decrypts it', () => {
    const file = withPbmac1('another')
    expect(errorOf({ pkcs12: file, passphrase }).kind).toBe('wrong-passphrase')
    expect(errorOf({ pkcs12: file, passphrase: 'another' }).kind).toBe('wrong-passphrase')
  })

  test.each([
    { keyLength: 10, kind: 'unsupported-algorithm' },
    { keyLength: 1n << 31n, kind: 'unsupported-algorithm' },
    { stated: 1n << 40n, kind: 'too-costly' },
  ])(
    'with unfit parameters is refused before anything is derived: $kind',
    ({ kind, ...options }) => {
      expect(errorOf({ pkcs12: withPbmac1(passphrase, options), passphrase }).kind).toBe(kind)
    },
  )
})

describe('a passphrase', () => {
  const pem = bytesOf('pkcs8.pem').toString()
  const made = (passphrase: string | null) => {
    const [certificate] = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)!
    const pfx = forge.pkcs12.toPkcs12Asn1(
      forge.pki.privateKeyFromPem(pem),
      [forge.pki.certificateFromPem(certificate!)],
      passphrase,
      { algorithm: '3des' },
    )
    return Buffer.from(forge.asn1.toDer(pfx).getBytes(), 'latin1')
  }

  test.each([undefined, ''])(
    'that is %o opens a file of either kind: none, or an empty one',
    (passphrase) => {
      for (const pkcs12 of [made(null), made('')]) {
        expect(read({ pkcs12, passphrase }).description.keyKind).toBe('RSA 2048')
      }
    },
  )

  test('opens what OpenSSL before 1.1.0 sealed, which widened its bytes', () => {
    const passphrase = 'Sesam öffne dich'
    const pkcs12 = made(Buffer.from(passphrase).toString('latin1'))
    expect(read({ pkcs12, passphrase }).description.keyKind).toBe('RSA 2048')
  })

  test('opens what another program sealed with it, and nothing else does', () => {
    const pkcs12 = made('Sesam öffne dich')
    expect(read({ pkcs12, passphrase: 'Sesam öffne dich' }).description.keyKind).toBe('RSA 2048')
    expect(errorOf({ pkcs12, passphrase: 'Sesam oeffne dich' }).kind).toBe('wrong-passphrase')
    expect(errorOf({ pkcs12 }).kind).toBe('wrong-passphrase')
  })
})

describe('several keys', () => {
  const blockOf = (file: string) => bytesOf(file).toString().split('-----BEGIN CERTIFICATE')[0]!

  test('are taken for the one that the certificate belongs to, with a remark', () => {
    const key = blockOf('another-key.pem') + blockOf('sec1.pem')
    const { description } = read({ certificate: bytesOf('sec1.pem').toString(), key })
    expect(description).toMatchObject({ keyKind: 'EC prime256v1', remarks: ['several-keys'] })
  })

  test('that are the same one are no remark', () => {
    const key = blockOf('pkcs8.pem') + blockOf('pkcs1.pem')
    expect(read({ certificate: bytesOf('pkcs1.pem').toString(), key }).description.remarks).toEqual(
      [],
    )
  })
})

describe('a text that carries a certificate', () => {
  test('is PEM or base64, by its looks', () => {
    const base64 = bytesOf('default.p12').toString('base64')
    const broken = base64.replace(/.{64}/g, '$&\r\n')
    const { passphrase } = fixture('default.p12')
    for (const text of [base64, broken, bytesOf('default.p12').toString('base64url')]) {
      expect(read(givenInText(text, passphrase)).description.keyKind).toBe('RSA 2048')
    }
    const pem = bytesOf('sec1-encrypted.pem').toString().replaceAll('\n', '\r\n')
    expect(
      read(givenInText(pem, fixture('sec1-encrypted.pem').passphrase)).description.keyKind,
    ).toBe('EC prime256v1')
  })

  test.each(['', ' ', 'no certificate!', '{"pkcs12": ""}'])('is refused as "%s"', (text) => {
    expect(() => givenInText(text, undefined)).toThrow(CertificateError)
  })
})

describe('the reader', () => {
  /** Within the limit of iterations, and yet work for seconds. */
  const slow: GivenCertificate = {
    pkcs12: edited('rc2-40-ec.p12', (pfx) => {
      at(pfx, 2)[2] = integer(1_000_000)
    }),
    passphrase: 'correct horse',
  }

  test('ends what takes longer than the deadline, and reads on', async () => {
    await using impatient = new CertificateReader({ deadlineMs: 300 })
    const error = await impatient.read(1, slow).catch((error) => error)
    expect(error).toMatchObject({ kind: 'too-costly' })
    await using patient = new CertificateReader()
    expect((await patient.read(1, given('default.p12'))).description.keyKind).toBe('RSA 2048')
  })

  test('lets no organization have more than eight under way, and others have theirs', async () => {
    await using impatient = new CertificateReader({ deadlineMs: 200 })
    const ninth = Array(9).fill(1)
    const reads = [...ninth, 2].map((organization) => impatient.read(organization, slow))
    const errors = await Promise.all(reads.map((one) => one.catch((error) => error)))
    const [refused] = errors.splice(8, 1)
    expect(refused).toBeInstanceOf(Refusal)
    expect(refused).toMatchObject({ code: 'certificates-busy', details: { retryAfter: 5 } })
    for (const error of errors) expect(error).toMatchObject({ kind: 'too-costly' })
    await expect(impatient.read(1, slow)).rejects.toMatchObject({ kind: 'too-costly' })
  })

  test('refuses more than 256 KiB before anything else', async () => {
    const large = Buffer.alloc(256 * 1024 + 1)
    await expect(reader.read(1, { pkcs12: large })).rejects.toMatchObject({ kind: 'too-large' })
    const certificate = large.toString('latin1')
    await expect(reader.read(1, { certificate, key: '' })).rejects.toMatchObject({
      kind: 'too-large',
    })
  })

  test('ends what it reads when the service stops', async () => {
    const stopping = new CertificateReader()
    const reading = stopping.read(1, slow).catch((error) => error)
    await stopping[Symbol.asyncDispose]()
    expect(await reading).toBeInstanceOf(Error)
  })
})
