import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, dataOf } from './client.ts'
import type { components } from './schema.d.ts'

export type Element = components['schemas']['Element']
export type Entry = components['schemas']['ConfigurationEntry']
export type AuthenticationChoice = components['schemas']['AuthenticationChoice']

export const elementQuery = (key: string) =>
  queryOptions({
    queryKey: ['elements', key],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET('/elements/{keyOrId}', { signal, params: { path: { keyOrId: key } } }),
      ) as Promise<Element>,
  })

export const elementsQuery = (filters: { searchText: string; hub: string | null }) =>
  queryOptions({
    queryKey: ['elements', filters],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET('/elements', {
          signal,
          params: {
            query: {
              ...(filters.searchText && { searchText: filters.searchText }),
              ...(filters.hub && { hub: filters.hub }),
            },
          },
        }),
      ) as Promise<Element[]>,
    placeholderData: keepPreviousData,
  })

export const hubsQuery = queryOptions({
  queryKey: ['hubs'],
  queryFn: ({ signal }) =>
    dataOf(api.GET('/hubs', { signal })) as Promise<components['schemas']['Hub'][]>,
})
