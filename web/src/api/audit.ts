import { useInfiniteQuery } from '@tanstack/react-query'
import { api } from './client.ts'
import type { components } from './schema.d.ts'

export type AuditEntry = components['schemas']['AuditEntry']

/** Entries of the audit that pass the filters, the latest first; empty filters are none. */
export function useAudit(filters: {
  action?: string
  instanceId?: string
  userId?: string
  requestId?: string
  from?: string
  to?: string
}) {
  const { action, instanceId, userId, requestId, from, to } = filters
  return useInfiniteQuery({
    queryKey: ['audit', filters],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const { data, response } = await api.GET('/audit', {
        signal,
        params: {
          query: {
            pageSize: 50,
            ...(action && { action }),
            ...(requestId && { requestId }),
            ...(instanceId && { instanceId: Number(instanceId) }),
            ...(userId && { userId: Number(userId) }),
            ...(from && { from: new Date(from).toISOString() }),
            ...(to && { to: new Date(to).toISOString() }),
            ...(pageParam && { nextPage: pageParam }),
          },
        },
      })
      return {
        items: data ?? [],
        next: response.headers.get('elements-next-page-token') ?? undefined,
      }
    },
    getNextPageParam: ({ next }) => next,
  })
}
