import type { Context } from './context.ts'

type Watched = Pick<Context, 'breakers' | 'db' | 'limiter' | 'metrics'>

/** What is not counted but looked at: one glance says of what. */
export function watchState({ breakers, db, limiter, metrics }: Watched) {
  metrics.gauge(
    'latchkey_database_connections',
    'Connections of the pool; waiting: requests that want one',
    'state',
    () => {
      const { totalCount, idleCount, waitingCount } = db.pool
      return { used: totalCount - idleCount, idle: idleCount, waiting: waitingCount }
    },
  )
  metrics.gauge(
    'latchkey_limit_calls',
    'Calls of this process that wait for their turn, and those with a place in a connection pool',
    'state',
    () => limiter.counts,
  )
  metrics.gauge(
    'latchkey_breakers',
    'Vendors as instances know them, by whether calls are let through',
    'state',
    () => breakers.counts(),
  )
}
