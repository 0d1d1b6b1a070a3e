import { queryOptions } from '@tanstack/react-query'
import { api, dataOf } from './client.ts'
import type { components } from './schema.d.ts'

export type RateLimit = components['schemas']['SharedRateLimit']
export type ConnectionPool = components['schemas']['ConnectionPool']

export const rateLimitsQuery = queryOptions({
  queryKey: ['rate-limits'],
  queryFn: ({ signal }) => dataOf(api.GET('/rate-limits', { signal })) as Promise<RateLimit[]>,
})

export const poolsQuery = queryOptions({
  queryKey: ['connection-pools'],
  queryFn: ({ signal }) =>
    dataOf(api.GET('/connection-pools', { signal })) as Promise<ConnectionPool[]>,
})
