import { type Static, Type } from 'typebox'
import { Id } from '../http/schema.ts'

const week = 7 * 24 * 3600

/** The body of `POST /imports/keys`. */
export const ImportKeyRequest = Type.Object(
  {
    lifetimeSeconds: Type.Optional(
      Type.Integer({ minimum: 60, maximum: week, default: 3600, description: 'Up to a week' }),
    ),
  },
  { $id: 'ImportKeyRequest', additionalProperties: false },
)
export type ImportKeyRequest = Static<typeof ImportKeyRequest>

/** A JSON Web Key (RFC 7517) without its private half. */
export const PublicKey = Type.Object(
  {
    kty: Type.Literal('OKP'),
    crv: Type.Literal('X25519'),
    x: Type.String(),
    kid: Type.String({ description: 'Its thumbprint (RFC 7638)' }),
    use: Type.Literal('enc'),
    alg: Type.Literal('ECDH-ES+A256KW'),
  },
  { $id: 'ImportPublicKey', description: 'What others seal secrets with, as a JSON Web Key' },
)

export const ImportKey = Type.Object(
  {
    id: Id('The key'),
    publicKey: Type.Unsafe<Static<typeof PublicKey>>(Type.Ref('ImportPublicKey')),
    createdDate: Type.String({ format: 'date-time' }),
    expiresAt: Type.String({ format: 'date-time' }),
  },
  {
    $id: 'ImportKey',
    description: 'For which another installation seals the secrets of what it exports',
    examples: [
      {
        id: 3,
        publicKey: {
          kty: 'OKP',
          crv: 'X25519',
          x: 'hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo',
          kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
          use: 'enc',
          alg: 'ECDH-ES+A256KW',
        },
        createdDate: '2026-02-01T09:30:00.000Z',
        expiresAt: '2026-02-01T10:30:00.000Z',
      },
    ],
  },
)
export type ImportKey = Static<typeof ImportKey>

/** What came of a line. */
export const ImportResult = Type.Object(
  {
    line: Id('Which line of the request, counted from 1, blank ones too'),
    status: Type.Integer({ description: 'As it would be of a request of its own' }),
    sourceId: Type.Optional(Id('The instance where it came from')),
    id: Type.Optional(Id('The instance here')),
    token: Type.Optional(Type.String({ description: 'Of the instance here' })),
    created: Type.Optional(Type.Boolean({ description: 'False: it was there already' })),
    state: Type.Optional(Type.String({ description: 'Of the instance here' })),
    warnings: Type.Optional(
      Type.Array(Type.Object({ key: Type.String(), message: Type.String() }), {
        description: 'What is not as it was',
      }),
    ),
    error: Type.Optional(Type.Ref('Problem')),
  },
  { $id: 'ImportResult', description: 'What came of a line: the instance, or why there is none' },
)
export type ImportResult = Static<typeof ImportResult>

export const importModels = [ImportKeyRequest, PublicKey, ImportKey, ImportResult]
