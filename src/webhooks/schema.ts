import { type Static, Type } from 'typebox'
import { secretMask } from '../exchange/template.ts'
import { Id, NullableString, OneOf } from '../http/schema.ts'
import { eventTypes, everyEvent } from './event.ts'

const Time = Type.String({ format: 'date-time' })
const NullableTime = (description: string) => NullableString({ format: 'date-time', description })
const Url = Type.String({
  minLength: 1,
  maxLength: 2048,
  description: 'Where events are sent: `https`, public, on port 443 or 8443',
})
const Events = Type.Array(OneOf([...eventTypes, everyEvent]), {
  minItems: 1,
  maxItems: 20,
  uniqueItems: true,
  description: 'What is told; `*` stands for everything, also for what is yet to come',
})
const Description = Type.String({ maxLength: 1024, description: 'For people' })
const Active = Type.Boolean({
  description: '`false` sends nothing: what already waits is kept, what happens is not',
})
const RotateSecret = Type.Boolean({
  description: 'Makes a new secret, which is answered this once; needed with another origin',
})

const example = {
  id: 3,
  url: 'https://app.example.com/hooks/latchkey',
  events: ['instance.failed', 'instance.expiring'],
  description: 'Tells support',
  active: true,
  inactiveReason: null,
  secret: secretMask,
  previousSecretUntil: null,
  failingSince: null,
  createdDate: '2026-02-01T09:30:00.000Z',
  updatedDate: '2026-02-01T09:30:00.000Z',
}

export const Webhook = Type.Object(
  {
    id: Id('The webhook'),
    url: Type.String(),
    events: Type.Array(Type.String()),
    description: Type.String(),
    active: Type.Boolean(),
    inactiveReason: NullableString({ description: 'Why the service stopped it by itself' }),
    secret: Type.String({
      description: 'What events are signed with: readable once, where it was made; else stars',
    }),
    previousSecretUntil: NullableTime('Until then the secret before it signs, too'),
    failingSince: NullableTime('Since when every attempt has failed'),
    createdDate: Time,
    updatedDate: Time,
  },
  { $id: 'Webhook', description: 'A URL that events are sent to', examples: [example] },
)
export type Webhook = Static<typeof Webhook>

export const WebhookRequest = Type.Object(
  {
    url: Url,
    events: Events,
    description: Type.Optional(Description),
    active: Type.Optional(Active),
  },
  {
    $id: 'WebhookRequest',
    description: 'A URL to send events to',
    examples: [{ url: example.url, events: example.events }],
  },
)
export type WebhookRequest = Static<typeof WebhookRequest>

export const WebhookReplacement = Type.Object(
  { ...WebhookRequest.properties, rotateSecret: Type.Optional(RotateSecret) },
  { $id: 'WebhookReplacement', description: 'The whole webhook; its secret stays, unless said' },
)
export type WebhookReplacement = Static<typeof WebhookReplacement>

export const WebhookChange = Type.Object(
  {
    url: Type.Optional(Url),
    events: Type.Optional(Events),
    description: Type.Optional(Description),
    active: Type.Optional(Active),
    rotateSecret: Type.Optional(RotateSecret),
  },
  { $id: 'WebhookChange', description: 'What is left out stays' },
)
export type WebhookChange = Static<typeof WebhookChange>

const day = 86_400

export const WebhookOverlap = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 30 * day,
        default: day,
        description: 'For how long both sign',
      }),
    ),
  },
  { $id: 'WebhookOverlap', description: 'How long the secret before the new one signs, too' },
)
export type WebhookOverlap = Static<typeof WebhookOverlap>

export const webhookModels = [
  Webhook,
  WebhookRequest,
  WebhookReplacement,
  WebhookChange,
  WebhookOverlap,
]
