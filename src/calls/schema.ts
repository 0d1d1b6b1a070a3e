import { type Static, Type } from 'typebox'
import { Id, OneOf } from '../http/schema.ts'
import type { CallState } from './store.ts'

const Time = (description: string) => Type.String({ format: 'date-time', description })
const Optional = Type.Optional

const Answer = Type.Object(
  {
    status: Type.Integer(),
    headers: Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())]), {
      description: 'In lower case; a list where a header came several times',
    }),
    body: Type.String({ description: 'Its first 1 MiB' }),
    encoding: OneOf(['utf8', 'base64'], { description: '`base64` where the body is no text' }),
    truncated: Type.Boolean({ description: 'Whether the body went on' }),
  },
  { description: 'What the vendor answered; where one call alone is asked for' },
)

/** The states of a call. */
export function State(description: string) {
  const states = ['waiting', 'sending', 'done', 'failed', 'cancelled']
  return Type.Unsafe<CallState>(OneOf(states, { description }))
}

export const StoredCall = Type.Object(
  {
    id: Id('Later calls have higher ones'),
    instanceId: Id('The instance that it goes through'),
    method: Type.String(),
    state: State(
      '`waiting` until the limits let it through; `sending`; `done` when the vendor has answered, whatever it says; `failed` where it will not be sent (again); `cancelled`',
    ),
    place: Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description: 'In the queue of its instance while it waits: 1 is the next',
      }),
    ),
    notBefore: Optional(Time('It is not tried again before that, as far as is known')),
    attempts: Type.Integer({ minimum: 0, description: 'How often it was sent, or tried to be' }),
    createdAt: Time('When it came'),
    finishedAt: Optional(Time('When it was over')),
    expiresAt: Optional(Time('Until then it is kept, with its answer')),
    status: Optional(Type.Integer({ description: 'The vendor’s' })),
    error: Optional(
      Type.Object(
        { code: Type.String(), message: Type.String() },
        { description: 'Why it failed, as the error of the gateway says it' },
      ),
    ),
    answer: Optional(Answer),
  },
  {
    $id: 'StoredCall',
    description: 'A call that is sent when the limits of its instance let it through',
    examples: [
      {
        id: 7,
        instanceId: 100000001,
        method: 'POST',
        state: 'done',
        attempts: 1,
        createdAt: '2026-02-01T09:30:00.000Z',
        finishedAt: '2026-02-01T10:00:00.000Z',
        expiresAt: '2026-02-02T10:00:00.000Z',
        status: 201,
        answer: {
          status: 201,
          headers: { 'content-type': 'application/json' },
          body: '{"id":1}',
          encoding: 'utf8',
          truncated: false,
        },
      },
    ],
  },
)
export type StoredCall = Static<typeof StoredCall>
