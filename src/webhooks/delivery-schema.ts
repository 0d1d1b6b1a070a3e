import { type Static, Type } from 'typebox'
import { Id, NullableString, OneOf } from '../http/schema.ts'
import { eventTypes } from './event.ts'

const Time = Type.String({ format: 'date-time' })
const NullableInteger = (description: string) =>
  Type.Unsafe<number | null>({ type: ['integer', 'null'], description })

const attempt = {
  status: NullableInteger('What the receiver answered; `null` where no answer came'),
  durationMs: Type.Integer(),
  failure: Type.Union([
    Type.Object({
      kind: Type.String({ description: '`status`, or why no answer came, such as `late`' }),
      message: Type.String({ description: 'Says what to do' }),
    }),
    Type.Null(),
  ]),
  answer: NullableString({ description: 'The first 1024 characters of the body, scrubbed' }),
}

export const WebhookEvent = Type.Object(
  {
    instanceId: Id('The instance'),
    elementKey: Type.String(),
    name: Type.String(),
    externalId: NullableString(),
    tags: Type.Array(Type.String()),
    userId: Id('Whose instance it is'),
    state: Type.String({ description: 'Its state then' }),
    stateReason: NullableString(),
  },
  {
    $id: 'WebhookEvent',
    description: 'What is told of an instance, as it was when it happened: the `data` of a message',
  },
)

export const WebhookDelivery = Type.Object(
  {
    id: Id('The delivery'),
    messageId: Type.String({ description: 'Sent as `webhook-id`, the same for every attempt' }),
    type: OneOf([...eventTypes]),
    instanceId: Id('The instance that it is about'),
    state: OneOf(['waiting', 'delivered', 'dead'], {
      description: '`dead`: every attempt of about three days has failed',
    }),
    data: Type.Unsafe<Static<typeof WebhookEvent>>(Type.Ref('WebhookEvent')),
    createdDate: Time,
    finishedDate: NullableString({ format: 'date-time', description: 'Delivered, or given up' }),
    attempts: Type.Array(Type.Object({ number: Type.Integer(), at: Time, ...attempt })),
  },
  {
    $id: 'WebhookDelivery',
    description: 'An event for one webhook, with every attempt to deliver it',
    examples: [
      {
        id: 71,
        messageId: 'evt_71',
        type: 'instance.failed',
        instanceId: 1234,
        state: 'dead',
        data: {
          instanceId: 1234,
          elementKey: 'shopify',
          name: 'Acme shop',
          externalId: 'customer-4711',
          tags: ['emea'],
          userId: 5,
          state: 'failed',
          stateReason: 'The vendor no longer accepts the credentials.',
        },
        createdDate: '2026-02-01T09:30:00.000Z',
        finishedDate: '2026-02-04T12:00:00.000Z',
        attempts: [
          {
            number: 1,
            at: '2026-02-01T09:30:01.000Z',
            status: 500,
            durationMs: 87,
            failure: {
              kind: 'status',
              message:
                'The receiver answered 500. Answer any status from 200 to 299 once the event is taken.',
            },
            answer: 'Internal Server Error',
          },
        ],
      },
    ],
  },
)
export type WebhookDelivery = Omit<Static<typeof WebhookDelivery>, 'type'> & { type: string }

export const WebhookTrial = Type.Object(
  { messageId: Type.String(), delivered: Type.Boolean(), ...attempt },
  {
    $id: 'WebhookTrial',
    description: 'What came of a test event',
    examples: [
      {
        messageId: 'evt_72',
        delivered: true,
        status: 204,
        durationMs: 41,
        failure: null,
        answer: '',
      },
    ],
  },
)
export type WebhookTrial = Static<typeof WebhookTrial>

export const Redelivery = Type.Object(
  {
    count: Type.Integer({ description: 'How many are sent again' }),
    more: Type.Boolean({ description: 'Whether others are dead still: ask again' }),
  },
  { $id: 'Redelivery', description: 'Dead messages that are sent again' },
)
export type Redelivery = Static<typeof Redelivery>

export const deliveryModels = [WebhookEvent, WebhookDelivery, WebhookTrial, Redelivery]
