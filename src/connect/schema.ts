import { type Static, Type } from 'typebox'
import { Id, Model, NullableString, OneOf } from '../http/schema.ts'
import { elementRef, type Instance, members } from '../instances/schema.ts'

const Time = { format: 'date-time' } as const
const { name, tags, configuration, authentication, settings, externalId } = members

const AppearanceSchema = Type.Object(
  {
    name: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'Whom the page works for' }),
    ),
    color: Type.Optional(
      Type.String({ pattern: '^#[0-9a-fA-F]{6}$', description: 'Of buttons and marks' }),
    ),
    logoUrl: Type.Optional(
      Type.String({ maxLength: 1000, description: 'An https address of a picture' }),
    ),
  },
  { additionalProperties: false },
)

/** The body of `POST /connect-sessions`. */
export const ConnectSessionRequest = Type.Object(
  {
    element: Type.Optional(elementRef),
    elements: Type.Optional(
      Type.Array(elementRef, {
        minItems: 1,
        maxItems: 50,
        description: 'A choice for the customer, instead of `element`',
      }),
    ),
    instanceId: Type.Optional(
      Id('An instance to connect anew: it keeps its id and its token', {
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
      }),
    ),
    name: Type.Optional(name),
    tags,
    externalId,
    configuration,
    authentication,
    settings,
    allowedOrigin: Type.String({
      maxLength: 300,
      description:
        'Where your page is: alone it may frame the page, hear of the end, and be returned to. https, or http on the same machine',
      examples: ['https://app.example.com'],
    }),
    returnUrl: Type.Optional(
      Type.String({
        maxLength: 2000,
        description:
          'At the allowed origin; the browser comes back there with `session` and `status` in the query',
      }),
    ),
    lifetimeSeconds: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 86_400, description: 'Left out: 1800' }),
    ),
    appearance: Type.Optional(AppearanceSchema),
  },
  {
    $id: 'ConnectSessionRequest',
    additionalProperties: false,
    description:
      'One of `element`, `elements` and `instanceId`. What `configuration` sets, the customer neither sees nor changes',
    examples: [
      {
        element: { key: 'shopify' },
        externalId: 'customer-4711',
        allowedOrigin: 'https://app.example.com',
        returnUrl: 'https://app.example.com/connections',
      },
    ],
  },
)

const ElementName = Type.Object({ id: Id('The element'), key: Type.String() })

export const ConnectSession = Type.Object(
  {
    id: Id('The session'),
    url: Type.Optional(
      Type.String({
        description:
          "For the customer's browser, to be opened once; answered only when the session is made",
      }),
    ),
    status: OneOf(['pending', 'opened', 'succeeded', 'failed', 'expired', 'cancelled'], {
      description:
        '`pending` until the link is opened, `opened` while the customer is at it; the others are final',
    }),
    statusReason: NullableString({ description: 'Why it is not connected (yet), for people' }),
    element: Type.Union([ElementName, Type.Null()], { description: 'The one that was chosen' }),
    elements: Type.Array(ElementName, { description: 'Those that there are to choose from' }),
    instance: Type.Optional(Model<Instance>('Instance')),
    instanceId: Type.Union([Id('The instance'), Type.Null()]),
    externalId: NullableString({ description: 'Who it is for, by your own reference' }),
    allowedOrigin: Type.String(),
    returnUrl: NullableString(),
    createdDate: Type.String(Time),
    expiresAt: Type.String(Time),
    finishedAt: NullableString(Time),
  },
  {
    $id: 'ConnectSession',
    description:
      'A link by which a customer connects something; `instance`, with its token, is there once it succeeded',
    examples: [
      {
        id: 12,
        url: 'https://latchkey.example.com/connect/1-c#lkc_1_…',
        status: 'pending',
        statusReason: null,
        element: null,
        elements: [{ id: 120, key: 'shopify' }],
        instanceId: null,
        externalId: 'customer-4711',
        allowedOrigin: 'https://app.example.com',
        returnUrl: 'https://app.example.com/connections',
        createdDate: '2026-11-22T12:27:42.811Z',
        expiresAt: '2026-11-22T12:57:42.811Z',
        finishedAt: null,
      },
    ],
  },
)

export type ConnectSessionRequest = Static<typeof ConnectSessionRequest>
export type ConnectSession = Static<typeof ConnectSession>
