import { type Static, Type } from 'typebox'

const week = 7 * 24 * 3600

export const ExportKeyRequest = Type.Object(
  {
    publicKey: Type.Record(Type.String(), Type.Unknown(), {
      description: 'Of the other installation, as it answered `POST /imports/keys`',
    }),
    lifetimeSeconds: Type.Optional(
      Type.Integer({ minimum: 60, maximum: week, default: 3600, description: 'Up to a week' }),
    ),
  },
  {
    $id: 'ExportKeyRequest',
    additionalProperties: false,
    description: 'A key for which instances may leave, and for how long',
    examples: [
      {
        publicKey: {
          kty: 'OKP',
          crv: 'X25519',
          x: 'hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo',
          kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
          use: 'enc',
          alg: 'ECDH-ES+A256KW',
        },
      },
    ],
  },
)
export type ExportKeyRequest = Static<typeof ExportKeyRequest>

export const ExportKey = Type.Object(
  {
    kid: Type.String({ description: 'Its thumbprint (RFC 7638)' }),
    createdDate: Type.String({ format: 'date-time', description: 'When it was allowed first' }),
    expiresAt: Type.String({ format: 'date-time' }),
  },
  {
    $id: 'ExportKey',
    description: 'A key for which instances of the organization may leave',
    examples: [
      {
        kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
        createdDate: '2026-02-01T09:30:00.000Z',
        expiresAt: '2026-02-01T10:30:00.000Z',
      },
    ],
  },
)
