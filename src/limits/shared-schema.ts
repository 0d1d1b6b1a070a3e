import { Type } from 'typebox'
import { Id, OneOf } from '../http/schema.ts'
import { budgetLive, poolLive } from './live-schema.ts'

const Time = Type.String({ format: 'date-time' })
const strict = { additionalProperties: false }

const user = { id: 1, emailAddress: 'ada@acme.example', firstName: 'Ada', lastName: 'Lovelace' }
const dates = { createdDate: '2026-02-01T09:30:00.000Z', updatedDate: '2026-02-01T09:30:00.000Z' }
const exampleLimit = {
  name: "Acme's contract",
  windows: [{ amount: 100, unit: 'minute' as const }],
}
const examplePool = { name: 'Nightly import', limit: 5, waitTimeout: 30, holdTimeout: 300 }

const Window = Type.Object(
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
  { ...strict, description: 'At most so many calls started in any such time' },
)

const limitTerms = {
  windows: Type.Array(Window, {
    minItems: 1,
    maxItems: 10,
    description: 'All of them hold at once',
  }),
}

const poolTerms = {
  limit: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    description:
      'Calls in flight at once, of all instances that name the pool. Lowered below what is in flight, nothing is cut off: calls end, and no others start until there are fewer',
  }),
  waitTimeout: Type.Integer({
    minimum: 0,
    maximum: 3600,
    description:
      'Seconds that a call waits for its turn; a call that asks for less with `Elements-Wait-Timeout` waits less. 30, unless said otherwise',
  }),
  holdTimeout: Type.Integer({
    minimum: 1,
    maximum: 86_400,
    description: 'Seconds after which a call in flight is ended. 300, unless said otherwise',
  }),
}

const ofAll = {
  name: Type.String({
    minLength: 1,
    maxLength: 255,
    pattern: '^[^\\u0000-\\u001f\\u007f]*$',
    description: 'For people; without control characters',
  }),
  shared: Type.Boolean({ description: 'Only admins share; false, unless said otherwise' }),
}

const answeredToo = {
  shared: Type.Boolean({ description: 'Whether every user of the organization may use it' }),
  instances: Type.Integer({ description: 'How many name it' }),
  user: Type.Object({
    id: Id('Whose it is'),
    emailAddress: Type.String(),
    firstName: Type.String(),
    lastName: Type.String(),
  }),
  createdDate: Time,
  updatedDate: Time,
}

const onlyOne = 'How full it is, over all replicas; said where one alone is read'

const unread = Type.Optional(Type.Unknown({ description: 'Not read: as it was answered' }))
const readBack = {
  id: unread,
  live: unread,
  instances: unread,
  user: unread,
  createdDate: unread,
  updatedDate: unread,
}

const SharedRateLimit = Type.Object(
  {
    id: Id('The rate limit'),
    name: Type.String(),
    ...limitTerms,
    ...answeredToo,
    live: Type.Optional(Type.Object(budgetLive, { description: onlyOne })),
  },
  {
    $id: 'SharedRateLimit',
    description: 'A budget of calls that all instances have together which name it',
    examples: [{ id: 7, ...exampleLimit, shared: false, instances: 3, user, ...dates }],
  },
)

const RateLimitRequest = Type.Object(
  { name: ofAll.name, ...limitTerms, shared: Type.Optional(ofAll.shared) },
  { ...strict, $id: 'RateLimitRequest', examples: [exampleLimit] },
)

const RateLimitReplacement = Type.Partial(Type.Object({ ...ofAll, ...limitTerms, ...readBack }), {
  ...strict,
  $id: 'RateLimitReplacement',
  description: 'What is left out stays as it was',
  examples: [{ windows: exampleLimit.windows }],
})

const ConnectionPool = Type.Object(
  {
    id: Id('The connection pool'),
    name: Type.String(),
    ...poolTerms,
    ...answeredToo,
    live: Type.Optional(Type.Object(poolLive, { description: onlyOne })),
  },
  {
    $id: 'ConnectionPool',
    description: 'How many calls all instances have in flight together which name it',
    examples: [{ id: 3, ...examplePool, shared: false, instances: 2, user, ...dates }],
  },
)

const ConnectionPoolRequest = Type.Object(
  {
    name: ofAll.name,
    limit: poolTerms.limit,
    waitTimeout: Type.Optional(poolTerms.waitTimeout),
    holdTimeout: Type.Optional(poolTerms.holdTimeout),
    shared: Type.Optional(ofAll.shared),
  },
  { ...strict, $id: 'ConnectionPoolRequest', examples: [examplePool] },
)

const ConnectionPoolReplacement = Type.Partial(
  Type.Object({ ...ofAll, ...poolTerms, ...readBack }),
  {
    ...strict,
    $id: 'ConnectionPoolReplacement',
    description: 'What is left out stays as it was',
    examples: [{ limit: 3 }],
  },
)

export const rateLimitModels = {
  answer: SharedRateLimit,
  request: RateLimitRequest,
  replacement: RateLimitReplacement,
}
export const poolModels = {
  answer: ConnectionPool,
  request: ConnectionPoolRequest,
  replacement: ConnectionPoolReplacement,
}
