import { type Static, Type } from 'typebox'
import { Id, Model, OneOf, storable } from '../http/schema.ts'
import { ExportedInstance, Manifest } from './manifest.ts'

const known = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }
const Text = Type.String({ minLength: 1, maxLength: 255, pattern: storable })

/** The body of `POST /instances/export`. */
export const ExportRequest = Type.Object(
  {
    publicKey: Type.Record(Type.String(), Type.Unknown(), {
      description: 'Of the other installation, as it answered `POST /imports/keys`',
    }),
    ids: Type.Optional(Type.Array(Id('An instance', known), { minItems: 1, maxItems: 1000 })),
    tags: Type.Optional(
      Type.Array(Text, { minItems: 1, maxItems: 50, description: 'Those that have all of them' }),
    ),
    externalIds: Type.Optional(Type.Array(Text, { minItems: 1, maxItems: 1000 })),
    all: Type.Optional(Type.Literal(true, { description: 'All of yours' })),
    tokens: Type.Optional(
      OneOf(['leave', 'move'], {
        description:
          'What becomes of tokens that somebody consented to at the vendor, and of refresh tokens. Left out: `leave`. They stay, and the instance is a draft there until it is connected anew. `move`: they go there, and the instance here is disabled: two that refresh the same tokens lose them',
      }),
    ),
  },
  {
    $id: 'ExportRequest',
    additionalProperties: false,
    description: 'Which of your instances leave, in one way, and for whom they are sealed',
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
        tags: ['emea'],
      },
    ],
  },
)
export type ExportRequest = Static<typeof ExportRequest>

/** A line of an export that could not be made. */
const ExportFailure = Type.Object({ sourceId: Id('The instance'), error: Type.Ref('Problem') })

/** A line of the answer. */
export const ExportLine = Type.Union([Model<ExportedInstance>('ExportedInstance'), ExportFailure], {
  $id: 'ExportLine',
  description: 'An exported instance, or why it is not',
})
export type ExportLine = Static<typeof ExportLine>

export const exportModels = [Manifest, ExportedInstance, ExportRequest, ExportLine]
