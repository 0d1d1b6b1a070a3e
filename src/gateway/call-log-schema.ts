import { Type } from 'typebox'
import { Id, NullableString } from '../http/schema.ts'

const Time = Type.String({ format: 'date-time' })
const Count = (description: string) => Type.Integer({ minimum: 0, description })

const message = {
  headers: Type.Record(Type.String(), Type.String(), { description: 'Those that tell no secret' }),
  body: NullableString({
    description:
      'Its first 16 KiB, with stars for every secret; `null` where it is no text, or a secret is too short to be found in it',
  }),
  bodyBytes: Count('How long it was'),
}

export const CallLogRequest = Type.Object(
  {
    minutes: Type.Integer({
      minimum: 1,
      maximum: 1440,
      description: 'For so long calls are kept, from now on',
    }),
  },
  { additionalProperties: false, $id: 'CallLogRequest', examples: [{ minutes: 30 }] },
)

export const CallLogState = Type.Object(
  { until: { ...Time, description: 'Until then calls are kept' } },
  {
    $id: 'CallLogState',
    description: 'It is on',
    examples: [{ until: '2026-02-01T10:00:00.000Z' }],
  },
)

export const LoggedCall = Type.Object(
  {
    id: Id('Later calls have higher ones'),
    at: { ...Time, description: 'When it came' },
    requestId: Type.String(),
    userId: Id('Who called'),
    method: Type.String(),
    path: NullableString({ description: 'With the query, as it was sent here, secrets starred' }),
    status: Type.Integer({ description: 'What the client got; 499 where it left before' }),
    code: NullableString({
      description: 'Why it is not the vendor’s whole answer that the client got',
    }),
    durationMs: Count('From the first byte of the call to the last of its answer'),
    waitMs: Count('Of that: until its turn had come'),
    attempts: Count('How often the vendor was asked'),
    request: Type.Object(message),
    response: Type.Unsafe<object | null>({
      anyOf: [Type.Object({ status: Type.Integer(), ...message }), { type: 'null' }],
      description: '`null` where the vendor did not answer',
    }),
  },
  {
    $id: 'LoggedCall',
    examples: [
      {
        id: 1,
        at: '2026-02-01T09:30:00.000Z',
        requestId: '0123456789abcdef01234567',
        userId: 1,
        method: 'GET',
        path: '/contacts?limit=2',
        status: 200,
        code: null,
        durationMs: 120,
        waitMs: 0,
        attempts: 1,
        request: { headers: { accept: 'application/json' }, body: '', bodyBytes: 0 },
        response: {
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: '[]',
          bodyBytes: 2,
        },
      },
    ],
  },
)
