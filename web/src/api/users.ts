import { queryOptions } from '@tanstack/react-query'
import { api, dataOf } from './client.ts'

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) => dataOf(api.GET('/users', { signal })),
})

export const accountsQuery = queryOptions({
  queryKey: ['accounts'],
  queryFn: ({ signal }) => dataOf(api.GET('/accounts', { signal })),
})
