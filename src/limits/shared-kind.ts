import { permissionsFor } from '../access/ownership.ts'

/** What several instances may name in their settings, and how each kind is spoken of. */
export const sharedKinds = {
  'rate-limit': {
    setting: 'rateLimitId',
    column: 'rate_limit_id',
    one: 'rate limit',
    missing: 'rate-limit-not-found',
    inUse: 'rate-limit-in-use',
    ...permissionsFor({
      one: 'rate limit',
      many: 'rate limits',
      notFound: 'rate-limit-not-found',
    }),
  },
  'connection-pool': {
    setting: 'connectionPoolId',
    column: 'connection_pool_id',
    one: 'connection pool',
    missing: 'connection-pool-not-found',
    inUse: 'connection-pool-in-use',
    ...permissionsFor({
      one: 'connection pool',
      many: 'connection pools',
      notFound: 'connection-pool-not-found',
    }),
  },
} as const

export type SharedKind = keyof typeof sharedKinds
