import { type Static, Type } from 'typebox'
import type { ProblemCode } from '../http/errors.ts'
import { Id, OneOf } from '../http/schema.ts'

const Time = Type.String({ format: 'date-time' })

export const Certificate = Type.Object(
  {
    id: Id('The certificate'),
    name: Type.String(),
    shared: Type.Boolean({ description: 'Whether every user of the organization may name it' }),
    userId: Id('Whose it is'),
    origins: Type.Array(Type.String(), { description: 'Where it may be presented' }),
    subject: Type.String(),
    issuer: Type.String(),
    serial: Type.String({ description: 'In hexadecimal' }),
    fingerprint: Type.String({ description: 'SHA-256, in hexadecimal' }),
    notBefore: Time,
    notAfter: Time,
    keyKind: Type.String({ description: 'Such as `RSA 2048`, `EC prime256v1`, `Ed25519`' }),
    chainState: OneOf(['complete', 'incomplete', 'self-signed'], {
      description: 'Whether the chain reaches a root',
    }),
    warnings: Type.Array(
      Type.Object({
        code: OneOf([
          'expired',
          'expires-soon',
          'not-yet-valid',
          'incomplete-chain',
          'without-mac',
          'several-keys',
        ]),
        message: Type.String(),
      }),
      { description: 'What may keep a vendor from accepting it; `expires-soon` is within 30 days' },
    ),
    createdDate: Time,
    updatedDate: Time,
  },
  {
    $id: 'Certificate',
    description: 'A client certificate; its key, its chain and its passphrase are never answered',
    examples: [
      {
        id: 7,
        name: 'Acme at the vendor',
        shared: false,
        userId: 1,
        origins: ['https://api.example.com'],
        subject: 'CN=acme.example, O=Acme',
        issuer: 'CN=Vendor issuing authority',
        serial: '3F2A9C',
        fingerprint:
          'AB:12:CD:34:EF:56:AB:12:CD:34:EF:56:AB:12:CD:34:EF:56:AB:12:CD:34:EF:56:AB:12:CD:34:EF:56:AB:12',
        notBefore: '2026-01-01T00:00:00.000Z',
        notAfter: '2028-01-01T00:00:00.000Z',
        keyKind: 'RSA 2048',
        chainState: 'complete',
        warnings: [],
        createdDate: '2026-02-01T09:30:00.000Z',
        updatedDate: '2026-02-01T09:30:00.000Z',
      },
    ],
  },
)

const maxLength = 400_000
const tooLarge: Record<string, ProblemCode> = { maxLength: 'certificate-too-large' }

const Text = (words: object) =>
  Type.Optional(Type.String({ maxLength, 'x-refusals': tooLarge, ...words }))

const Name = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[^\\u0000-\\u001f\\u007f]*$',
  description: 'For people; without control characters',
})

const Origins = Type.Array(Type.String({ maxLength: 300 }), {
  minItems: 1,
  maxItems: 20,
  description: 'Where it may be presented: https://, a host and perhaps a port',
  examples: [['https://api.example.com']],
})

const file = {
  certificate: Text({ description: 'PEM; may hold the chain and the key too' }),
  chain: Text({ description: 'PEM; the issuers in any order' }),
  key: Text({ description: 'PEM: PKCS#8, PKCS#1 or SEC 1, encrypted or not' }),
  passphrase: Type.Optional(
    Type.String({
      maxLength: 1000,
      description: 'Of the file or the key; used once, never stored',
    }),
  ),
}

const shared = Type.Optional(
  Type.Boolean({ description: 'Only admins share; false, unless said otherwise' }),
)

const inJson = {
  ...file,
  pkcs12: Text({ contentEncoding: 'base64', description: 'A .p12 or .pfx file in base64' }),
}
const inForm = {
  ...file,
  pkcs12: Text({
    contentMediaType: 'application/octet-stream',
    description: 'A .p12 or .pfx file',
  }),
}
const strict = { additionalProperties: false }

const stated = { name: Name, origins: Origins, shared }
const restated = { name: Type.Optional(Name), origins: Type.Optional(Origins), shared }

/** The body of `POST /certificates`. */
export const CertificateRequest = Type.Object(
  { ...stated, ...inJson },
  {
    ...strict,
    $id: 'CertificateRequest',
    description: 'Either `pkcs12`, or `certificate` and `key`',
    examples: [
      {
        name: 'Acme at the vendor',
        origins: ['https://api.example.com'],
        pkcs12: 'MIIKigIBAzCC…',
        passphrase: '…',
      },
    ],
  },
)

/** The same as `multipart/form-data`; `origins` may come several times. */
export const CertificateForm = Type.Object(
  { ...stated, ...inForm },
  { ...strict, $id: 'CertificateForm' },
)

/** The body of `PUT /certificates/{id}`. */
export const CertificateReplacement = Type.Object(
  { ...restated, ...inJson },
  {
    ...strict,
    $id: 'CertificateReplacement',
    description: 'Either `pkcs12`, or `certificate` and `key`; what else is left out stays',
  },
)

/** The same as `multipart/form-data`. */
export const CertificateReplacementForm = Type.Object(
  { ...restated, ...inForm },
  { ...strict, $id: 'CertificateReplacementForm' },
)

/** What the document names, and routes that take a certificate refer to. */
export const requestModels = [
  CertificateRequest,
  CertificateForm,
  CertificateReplacement,
  CertificateReplacementForm,
]

export type Certificate = Static<typeof Certificate>
export type CertificateRequest = Static<typeof CertificateRequest>
export type CertificateReplacement = Static<typeof CertificateReplacement>
