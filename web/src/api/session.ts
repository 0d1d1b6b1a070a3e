import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, dataOf } from './client.ts'

export const callerQuery = queryOptions({
  queryKey: ['caller'],
  queryFn: ({ signal }) => dataOf(api.GET('/authentication', { signal })),
  staleTime: Number.POSITIVE_INFINITY,
})

/** Whether the reader is an admin; false until that is known. */
export function useIsAdmin(): boolean {
  return useQuery(callerQuery).data?.user.role === 'org-admin'
}
