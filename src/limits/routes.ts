import type { Context } from '../context.ts'
import type { Server } from '../http/server.ts'
import { sharedRoutes } from './shared-routes.ts'
import { poolModels, rateLimitModels } from './shared-schema.ts'
import type { PoolTerms, SharedTerms } from './shared-store.ts'

/** What several instances may share: budgets of calls, and places for calls in flight. */
export function limitRoutes(app: Server, context: Context) {
  sharedRoutes(app, context, {
    kind: 'rate-limit',
    path: '/rate-limits',
    noun: 'RateLimit',
    models: rateLimitModels,
    description:
      'A budget of calls for all instances that name it as `settings.rateLimitId`, instead of limits of their own. All windows hold at once.',
    read: ({ windows }) => given<SharedTerms['rate-limit']>({ windows }),
    defaults: {},
  })
  sharedRoutes(app, context, {
    kind: 'connection-pool',
    path: '/connection-pools',
    noun: 'ConnectionPool',
    models: poolModels,
    description:
      'So many calls at most are in flight at once through all instances that name it as `settings.connectionPoolId`, on all replicas together.',
    read: ({ limit, waitTimeout, holdTimeout }) =>
      given<PoolTerms>({ limit, waitTimeout, holdTimeout }),
    defaults: { waitTimeout: 30, holdTimeout: 300 },
  })
}

/** What the body has of them; the schema has judged it. */
function given<Terms extends object>(terms: { [Name in keyof Terms]: unknown }): Partial<Terms> {
  const stated = Object.entries(terms).filter(([, value]) => value !== undefined)
  return Object.fromEntries(stated) as Partial<Terms>
}
