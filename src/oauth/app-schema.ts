import { type Static, Type } from 'typebox'
import { secretMask } from '../exchange/template.ts'
import { Id, NullableString } from '../http/schema.ts'

const Time = Type.String({ format: 'date-time' })
const strict = { additionalProperties: false }

const example = {
  id: 7,
  name: 'Acme at the vendor',
  element: { id: 9_001, key: 'example', name: 'Example' },
  authentication: { type: 'oauth2' },
  clientId: 'acme-app',
  clientSecret: secretMask,
  shared: true,
  origins: ['https://*.example.com'],
  instances: 12,
  user: { id: 1, emailAddress: 'ada@acme.example', firstName: 'Ada', lastName: 'Lovelace' },
  createdDate: '2026-02-01T09:30:00.000Z',
  updatedDate: '2026-02-01T09:30:00.000Z',
}

export const OAuthApp = Type.Object(
  {
    id: Id('The app profile'),
    name: Type.String(),
    element: Type.Object({
      id: Id('The element that it is for'),
      key: NullableString({ description: '`null` where the element is gone; so is its name' }),
      name: NullableString(),
    }),
    authentication: Type.Object({ type: Type.String() }),
    clientId: Type.String({ description: 'For OAuth 1 the consumer key' }),
    clientSecret: NullableString({ description: 'Stars; `null` where the client has none' }),
    shared: Type.Boolean({ description: 'Whether every user of the organization may use it' }),
    origins: Type.Array(Type.String(), { description: 'Where the secret may be sent' }),
    instances: Type.Integer({ description: 'How many use it' }),
    user: Type.Object({
      id: Id('Whose it is'),
      emailAddress: Type.String(),
      firstName: Type.String(),
      lastName: Type.String(),
    }),
    createdDate: Time,
    updatedDate: Time,
  },
  {
    $id: 'OAuthApp',
    description: "An organization's client at an OAuth vendor; its secret is never answered",
    examples: [example],
  },
)

const Line = (description: string, maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]*$', description })

const name = Line('For people; without control characters', 255)
const clientId = Line('For OAuth 1 the consumer key', 2048)
const clientSecret = Type.String({
  minLength: 1,
  maxLength: 16 * 1024,
  description:
    'For OAuth 1 the consumer secret, for private_key_jwt the private key; left out where the client has none',
})
const element = Type.Object(
  {
    key: Type.Optional(Type.String()),
    id: Type.Optional(Id('Instead of the key', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  },
  { ...strict, description: 'What it is for, by key or id' },
)
const authentication = Type.Object(
  { type: Type.Optional(Type.String()) },
  { ...strict, description: 'Where the element offers several that take an app profile' },
)
const shared = Type.Boolean({ description: 'Only admins share; false, unless said otherwise' })
const origins = Type.Array(Type.String({ maxLength: 300 }), {
  minItems: 1,
  maxItems: 50,
  description:
    'Where the secret may be sent: https://, a host or `*.` and a domain, and perhaps a port; left out: where the element has its token endpoint',
  examples: [['https://login.example.com'], ['https://*.example.com']],
})

/** The body of `POST /oauth-apps`. */
export const OAuthAppRequest = Type.Object(
  {
    element,
    authentication: Type.Optional(authentication),
    name,
    clientId,
    clientSecret: Type.Optional(clientSecret),
    shared: Type.Optional(shared),
    origins: Type.Optional(origins),
  },
  {
    ...strict,
    $id: 'OAuthAppRequest',
    examples: [
      {
        element: { key: 'example' },
        name: example.name,
        clientId: example.clientId,
        clientSecret: '…',
        shared: true,
      },
    ],
  },
)

const unread = Type.Optional(Type.Unknown({ description: 'Not read: as it was answered' }))

/** The body of `PUT /oauth-apps/{id}`; what was answered may come back as it is. */
export const OAuthAppReplacement = Type.Object(
  {
    name: Type.Optional(name),
    clientId: Type.Optional(clientId),
    clientSecret: Type.Optional(
      Type.Union([
        Type.String({
          minLength: 1,
          maxLength: 16 * 1024,
          description: 'Stars: as it was; `null`: there is none any more',
        }),
        Type.Null(),
      ]),
    ),
    shared: Type.Optional(shared),
    origins: Type.Optional(origins),
    element: Type.Optional(
      Type.Object(
        {
          key: Type.Optional(NullableString()),
          id: Type.Optional(Type.Integer({ format: 'int64' })),
        },
        { description: 'The one that it is for: it stays with it' },
      ),
    ),
    authentication: Type.Optional(Type.Object({ type: Type.Optional(Type.String()) })),
    id: unread,
    instances: unread,
    user: unread,
    createdDate: unread,
    updatedDate: unread,
  },
  {
    ...strict,
    $id: 'OAuthAppReplacement',
    description: 'What is left out stays as it was',
    examples: [{ clientId: 'acme-app', clientSecret: '…' }],
  },
)

/** What the document names, and routes refer to. */
export const models = [OAuthApp, OAuthAppRequest, OAuthAppReplacement]

export type OAuthApp = Static<typeof OAuthApp>
export type OAuthAppRequest = Static<typeof OAuthAppRequest>
export type OAuthAppReplacement = Static<typeof OAuthAppReplacement>
