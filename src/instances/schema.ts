import { type Static, Type } from 'typebox'
import type { ProblemCode } from '../http/errors.ts'

/** Which refusal a keyword, or a missing member, of a schema stands for. */
const refuses = (codes: Record<string, ProblemCode>) => ({ 'x-refusals': codes })

const Scalar = Type.Unsafe<string | number | boolean | null>({
  type: ['string', 'number', 'boolean', 'null'],
})

const Configuration = Type.Record(Type.String(), Scalar, {
  description: 'Entry keys to values; a secret reads `********` in every answer',
})

const RateLimit = Type.Object({
  amount: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
  unit: Type.Enum(['second', 'minute', 'hour', 'day']),
})

const Settings = Type.Object({
  timeZone: Type.Optional(Type.String({ description: 'An IANA name', examples: ['Europe/Paris'] })),
  dateFormat: Type.Optional(
    Type.String({
      description: 'A Unicode TR35 pattern, or `unix`, or `unixMillis`',
      examples: ["yyyy-MM-dd'T'HH:mm:ssXXX"],
    }),
  ),
  rateLimits: Type.Optional(Type.Array(RateLimit, { maxItems: 10 })),
  rateLimitId: Type.Optional(Type.Integer()),
  connectionPoolId: Type.Optional(Type.Integer()),
})

const elementRef = Type.Object({
  key: Type.Optional(Type.String({ maxLength: 255 })),
  id: Type.Optional(Type.Integer()),
})

const members = {
  name: Type.String({
    minLength: 1,
    maxLength: 255,
    description: 'Markup is taken out of it, its text stays',
    ...refuses({ minLength: 'name-missing', maxLength: 'name-too-long' }),
  }),
  tags: Type.Optional(
    Type.Array(Type.String({ maxLength: 255, ...refuses({ maxLength: 'tag-too-long' }) }), {
      maxItems: 50,
      description: 'Left out: the name',
      ...refuses({ maxItems: 'tags-too-many' }),
    }),
  ),
  configuration: Type.Optional(
    Type.Record(
      Type.String(),
      Type.Unsafe<string | number | boolean | null>({
        type: ['string', 'number', 'boolean', 'null'],
        maxLength: 16_384,
        ...refuses({ maxLength: 'configuration-too-large' }),
      }),
      { maxProperties: 200, ...refuses({ maxProperties: 'configuration-too-large' }) },
    ),
  ),
  authentication: Type.Optional(
    Type.Object({ type: Type.String() }, { description: 'Where the element offers several' }),
  ),
  settings: Type.Optional(Settings),
  verify: Type.Optional(
    Type.Boolean({ description: 'False: store a draft without asking the vendor', default: true }),
  ),
  externalId: Type.Optional(
    Type.String({ minLength: 1, maxLength: 255, description: "The client's own reference" }),
  ),
  externalAuthentication: Type.Optional(Type.Enum(['none', 'initial'])),
  providerData: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
}

const example = {
  element: { key: 'connectwisehd' },
  configuration: {
    'helpdesk.connectwise.username': 'api1',
    'helpdesk.connectwise.password': 'api1',
    'helpdesk.connectwise.server.url': 'http://127.0.0.1:3001',
    'helpdesk.connectwise.company': 'company_f',
  },
  tags: ['help desk'],
  name: 'Test',
}
const { element: _, ...exampleWithoutElement } = example

/** The body of `POST /instances`. */
export const InstanceRequest = Type.Object(
  { element: elementRef, ...members },
  {
    $id: 'InstanceRequest',
    examples: [example],
    ...refuses({ element: 'element-missing', name: 'name-missing' }),
  },
)

/** The body of `POST /elements/{keyOrId}/instances`. */
export const ElementInstanceRequest = Type.Object(
  { element: Type.Optional(elementRef), ...members },
  {
    $id: 'ElementInstanceRequest',
    examples: [exampleWithoutElement],
    ...refuses({ name: 'name-missing' }),
  },
)

export const Instance = Type.Object(
  {
    id: Type.Integer(),
    name: Type.String(),
    createdDate: Type.String({ format: 'date-time' }),
    updatedDate: Type.String({ format: 'date-time' }),
    token: Type.String({
      description: 'Stands for the instance in `Authorization: …, Element <token>`',
    }),
    element: Type.Object({
      id: Type.Integer(),
      name: Type.String(),
      key: Type.String(),
      description: Type.String(),
      image: Type.String(),
      active: Type.Boolean(),
      deleted: Type.Boolean(),
      typeOauth: Type.Boolean(),
      trialAccount: Type.Boolean(),
      configDescription: Type.String(),
      transformationsEnabled: Type.Boolean(),
      authentication: Type.Record(Type.String(), Type.String()),
      hub: Type.String(),
      parameters: Type.Array(Type.String()),
    }),
    elementId: Type.Integer(),
    tags: Type.Array(Type.String()),
    provisionInteractions: Type.Array(Type.String()),
    valid: Type.Boolean(),
    disabled: Type.Boolean(),
    maxCacheSize: Type.Integer(),
    cacheTimeToLive: Type.Integer(),
    configuration: Configuration,
    eventsEnabled: Type.Boolean(),
    cachingEnabled: Type.Boolean(),
    traceLoggingEnabled: Type.Boolean(),
    externalAuthentication: Type.String(),
    user: Type.Object({
      id: Type.Integer(),
      emailAddress: Type.String(),
      firstName: Type.String(),
      lastName: Type.String(),
    }),
    settings: Settings,
    authentication: Type.Object({ type: Type.String() }),
    state: Type.Enum(['verified', 'unverified', 'draft', 'failed', 'expiring', 'disabled']),
    stateSince: Type.String({ format: 'date-time' }),
    stateReason: Type.Union([Type.String(), Type.Null()]),
    verifiedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    externalId: Type.Union([Type.String(), Type.Null()]),
    warnings: Type.Array(Type.Object({ key: Type.String(), message: Type.String() }), {
      description: 'What was accepted, but not as one might think',
    }),
  },
  { $id: 'Instance' },
)

export type InstanceRequest = Static<typeof InstanceRequest>
export type ElementInstanceRequest = Static<typeof ElementInstanceRequest>
export type Instance = Static<typeof Instance>
export type Settings = Static<typeof Settings>
