import { type Static, Type } from 'typebox'
import { Id, Model, NullableString, OneOf } from '../http/schema.ts'

const known = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }

/** Which instances are tried. */
export const VerificationRequest = Type.Object(
  {
    ids: Type.Optional(Type.Array(Id('An instance', known), { minItems: 1, maxItems: 1000 })),
    tags: Type.Optional(
      Type.Array(Type.String({ maxLength: 255, pattern: '^[^\\u0000]*$' }), {
        minItems: 1,
        maxItems: 50,
        description: 'Those that have all of them',
      }),
    ),
    element: Type.Optional(
      Type.String({ maxLength: 255, description: 'Those of this element, by key or id' }),
    ),
    all: Type.Optional(Type.Literal(true, { description: 'All of yours' })),
  },
  {
    $id: 'VerificationRequest',
    additionalProperties: false,
    description: 'Which of your instances are tried: by ids, by tags and element, or all',
    examples: [{ tags: ['emea'] }],
  },
)
export type VerificationRequest = Static<typeof VerificationRequest>

/** What came of trying one of many instances. */
export const VerificationResult = Type.Object(
  {
    id: Id('The instance'),
    verdict: NullableString({ description: 'The vendor’s; `null` where it was not asked' }),
    code: NullableString({ description: 'Of the refusal; `null` where there was none' }),
    message: NullableString({ description: 'For people' }),
    state: NullableString({ description: 'Of the instance then; `null` where it is not yours' }),
    at: Type.String({ format: 'date-time' }),
  },
  { $id: 'VerificationResult', description: 'What came of trying one of many instances' },
)
export type VerificationResult = Static<typeof VerificationResult>

/** Many instances that are tried. */
export const Verification = Type.Object(
  {
    id: Id('The verification'),
    state: OneOf(['running', 'finished', 'interrupted'], {
      description: '`interrupted`: the process that did it ended before it was done',
    }),
    count: Type.Integer({ description: 'How many are tried' }),
    done: Type.Integer({ description: 'How many of them have been' }),
    verdicts: Type.Record(Type.String(), Type.Integer(), {
      description: 'How many by verdict; by code where the vendor was not asked',
    }),
    createdDate: Type.String({ format: 'date-time' }),
    finishedDate: NullableString({ format: 'date-time' }),
    results: Type.Array(Model<VerificationResult>('VerificationResult'), {
      description: 'A page of them, in the order of ids',
    }),
  },
  { $id: 'Verification', description: 'Many instances that are tried; kept for seven days' },
)
export type Verification = Static<typeof Verification>

/** One line of the progress. */
export const VerificationLine = Type.Object(
  {
    type: OneOf(['started', 'result', 'finished']),
    run: Type.Optional(Id('The verification')),
    count: Type.Optional(Type.Integer()),
    result: Type.Optional(Model<VerificationResult>('VerificationResult')),
    verdicts: Type.Optional(Type.Record(Type.String(), Type.Integer())),
  },
  { $id: 'VerificationLine', description: 'One line of the progress of a verification' },
)
export type VerificationLine = Static<typeof VerificationLine>

export const verificationModels = [
  VerificationRequest,
  VerificationResult,
  Verification,
  VerificationLine,
]
