import { type Static, Type } from 'typebox'
import type { ProblemCode } from '../http/errors.ts'
import { Id, Model, NullableString, OneOf } from '../http/schema.ts'
import * as examples from './examples.ts'

/** Which refusal a keyword, or a missing member, of a schema stands for. */
const refuses = (codes: Record<string, ProblemCode>) => ({ 'x-refusals': codes })

const Scalar = Type.Unsafe<string | number | boolean | null>({
  type: ['string', 'number', 'boolean', 'null'],
})

const Configuration = Type.Record(Type.String(), Scalar, {
  description: 'Entry keys to values; a secret reads `********` in every answer',
})

const RateLimit = Type.Object(
  {
    amount: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
    unit: OneOf(['second', 'minute', 'hour', 'day']),
    every: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description: 'How many units long the window is. Left out: 1',
      }),
    ),
  },
  { $id: 'RateLimit', description: 'At most so many calls started in any such time' },
)

export const Settings = Type.Object(
  {
    timeZone: Type.Optional(
      Type.String({ description: 'An IANA name', examples: ['Europe/Paris'] }),
    ),
    dateFormat: Type.Optional(
      Type.String({
        description: 'A Unicode TR35 pattern, or `unix`, or `unixMillis`',
        examples: ["yyyy-MM-dd'T'HH:mm:ssXXX"],
      }),
    ),
    rateLimits: Type.Optional(
      Type.Array(Model<Static<typeof RateLimit>>('RateLimit'), { maxItems: 10 }),
    ),
    rateLimitId: Type.Optional(Id('A rate limit that instances share')),
    connectionPoolId: Type.Optional(Id('A connection pool that instances share')),
    retries: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 5,
        description:
          'How often a call through the gateway is sent again where that does no harm, unless `Elements-Retry` says otherwise. Left out: 0',
      }),
    ),
  },
  { $id: 'Settings' },
)

export const elementRef = Type.Object(
  {
    key: Type.Optional(Type.String({ maxLength: 255 })),
    id: Type.Optional(Id('117 is ConnectWise')),
  },
  { description: 'By key or by id', examples: [{ key: 'connectwisehd' }, { id: 117 }] },
)

/** What every request for an instance may say besides the element. */
export const members = {
  name: Type.String({
    minLength: 1,
    maxLength: 4096,
    description: 'Markup is taken out of it, its text stays: 1 to 255 characters',
    ...refuses({ minLength: 'name-missing', maxLength: 'name-too-long' }),
  }),
  tags: Type.Optional(
    Type.Array(Type.String({ maxLength: 4096, ...refuses({ maxLength: 'tag-too-long' }) }), {
      maxItems: 50,
      description: 'Without markup, 255 characters each. Left out: the name',
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
    Type.Object({
      type: Type.Optional(
        Type.String({
          description: 'Where the element offers several, and another than its default is meant',
        }),
      ),
      oauthAppId: Type.Optional(
        Id("The app profile to use; left out: the organization's, where it has one", {
          minimum: 1,
          maximum: Number.MAX_SAFE_INTEGER,
        }),
      ),
    }),
  ),
  settings: Type.Optional(Model<Settings>('Settings')),
  verify: Type.Optional(
    Type.Boolean({
      description: 'False: store a draft without asking the vendor. Left out: true',
    }),
  ),
  externalId: Type.Optional(
    NullableString({ minLength: 1, maxLength: 255, description: "The client's own reference" }),
  ),
  externalAuthentication: Type.Optional(OneOf(['none', 'initial'])),
  providerData: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), { description: 'Accepted, and never answered' }),
  ),
}

/** The body of `POST /instances`. */
export const InstanceRequest = Type.Object(
  { element: elementRef, ...members },
  {
    $id: 'InstanceRequest',
    examples: [examples.instanceRequest],
    ...refuses({ element: 'element-missing', name: 'name-missing' }),
  },
)

/** The body of `POST /elements/{keyOrId}/instances`. */
export const ElementInstanceRequest = Type.Object(
  { element: Type.Optional(elementRef), ...members },
  {
    $id: 'ElementInstanceRequest',
    examples: [examples.elementInstanceRequest],
    ...refuses({ name: 'name-missing' }),
  },
)

export const Instance = Type.Object(
  {
    id: Id('The instance'),
    name: Type.String(),
    createdDate: Type.String({ format: 'date-time' }),
    updatedDate: Type.String({ format: 'date-time' }),
    token: Type.String({
      description: 'Stands for the instance in `Authorization: …, Element <token>`',
    }),
    element: Type.Object({
      id: Id('The element'),
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
    elementId: Id('The element'),
    tags: Type.Array(Type.String()),
    provisionInteractions: Type.Array(Type.String()),
    valid: Type.Boolean({ description: 'Whether it can be called through' }),
    disabled: Type.Boolean(),
    maxCacheSize: Type.Integer(),
    cacheTimeToLive: Type.Integer(),
    configuration: Configuration,
    eventsEnabled: Type.Boolean(),
    cachingEnabled: Type.Boolean(),
    traceLoggingEnabled: Type.Boolean(),
    externalAuthentication: Type.String(),
    user: Type.Object({
      id: Id('Whose instance it is'),
      emailAddress: Type.String(),
      firstName: Type.String(),
      lastName: Type.String(),
    }),
    settings: Model<Settings>('Settings'),
    authentication: Type.Object({
      type: Type.String(),
      oauthAppId: Type.Optional(Id('The app profile that it uses')),
    }),
    state: OneOf(['verified', 'unverified', 'draft', 'failed', 'expiring', 'disabled']),
    stateSince: Type.String({ format: 'date-time' }),
    stateReason: NullableString({ description: 'For people' }),
    verifiedAt: NullableString({ format: 'date-time' }),
    lastCheck: Type.Union(
      [
        Type.Object({
          verdict: Type.String({ description: '`verified`, or why not' }),
          at: Type.String({ format: 'date-time' }),
          message: NullableString({ description: 'For people' }),
        }),
        Type.Null(),
      ],
      {
        description:
          'What came of trying it in the background; `null` where nobody has since it was proved',
      },
    ),
    externalId: NullableString({ description: "The client's own reference" }),
    warnings: Type.Array(Type.Object({ key: Type.String(), message: Type.String() }), {
      description: 'What was accepted, but not as one might think',
    }),
  },
  {
    $id: 'Instance',
    description: 'An element provisioned with credentials, and the token that stands for it',
    examples: [examples.instance],
  },
)

/** What the document names, and routes refer to. */
export const models = [RateLimit, Settings, Instance, InstanceRequest, ElementInstanceRequest]

export type InstanceRequest = Static<typeof InstanceRequest>
export type ElementInstanceRequest = Static<typeof ElementInstanceRequest>
export type Instance = Static<typeof Instance>
export type Settings = Static<typeof Settings>
