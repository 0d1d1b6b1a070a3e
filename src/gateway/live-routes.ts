import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model, OneOf } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { budgetLive, poolLive } from '../limits/live-schema.ts'
import { readLiveLimits } from './live-limits.ts'

const Count = (description: string) => Type.Integer({ minimum: 0, description })

const LiveLimits = Type.Object(
  {
    rateLimit: Type.Unsafe<object | null>({
      anyOf: [
        Type.Object({
          rateLimitId: Type.Optional(Id('The rate limit, where it is a shared one')),
          ...budgetLive,
        }),
        { type: 'null' },
      ],
      description: '`null` where no rate limit holds for the instance',
    }),
    connectionPools: Type.Array(
      Type.Object({
        connectionPoolId: Type.Optional(
          Id('The connection pool; left out where it is what the element allows for'),
        ),
        limit: Count('Calls in flight at once'),
        ...poolLive,
      }),
    ),
    waitingHere: Count('Calls that wait in the replica that answers'),
    vendors: Type.Array(
      Type.Object({
        host: Type.String(),
        state: OneOf(['closed', 'open', 'half-open'], {
          description:
            '`open`: calls are refused for a while, since the vendor did not answer; `half-open`: the next one decides',
        }),
        failures: Count('Calls in a row that got no answer'),
        inFlight: Count('Calls of the instance in flight'),
        retryAfterSeconds: Type.Optional(Count('Until a call is let through again')),
      }),
      { description: 'Where calls went lately, as the replica knows that answers' },
    ),
  },
  {
    $id: 'LiveLimits',
    description: 'What calls wait for, and how full it is',
    examples: [
      {
        rateLimit: {
          windows: [
            { amount: 100, periodSeconds: 60, used: 100, remaining: 0, resetSeconds: 12.5 },
          ],
          waiting: 3,
          longestWaitSeconds: 4.2,
          pausedSeconds: 0,
        },
        connectionPools: [
          {
            connectionPoolId: 3,
            limit: 5,
            inUse: 2,
            waiting: 0,
            longestWaitSeconds: 0,
            holders: [{ id: 1234, name: 'Acme help desk', calls: 1 }],
            otherHolders: { instances: 1, calls: 1 },
          },
        ],
        waitingHere: 1,
        vendors: [{ host: 'api.example.com', state: 'closed', failures: 0, inFlight: 2 }],
      },
    ],
  },
)

/** How full is what calls through an instance wait for. */
export function liveRoutes(app: Server, context: Context) {
  app.addSchema(LiveLimits)
  app.get(
    '/instances/:id/limits',
    {
      schema: {
        operationId: 'getInstanceLimits',
        summary: 'See how full the limits of an instance are',
        description:
          'Right now: rate limit and connection pools over all replicas, the vendors as the replica knows them that answers. An admin sees them of every instance.',
        tags: ['instances'],
        params: Type.Object({
          id: Id('The instance', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
        }),
        response: {
          200: Model<object>('LiveLimits'),
          ...refusals(
            'parameters-invalid',
            'access-missing',
            'user-unknown',
            'organization-unknown',
            'instance-not-found',
            'header-too-large',
            'internal',
            'unavailable',
          ),
        },
      },
    },
    ({ principal, params }) => readLiveLimits(context, principal, params.id),
  )
}
