import { keepPreviousData, queryOptions, useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api } from './client.ts'
import type { components } from './schema.d.ts'

export type Instance = components['schemas']['Instance']
export type ListedInstance = components['schemas']['ListedInstance']

/** Instances that pass the filters, page after page as they are scrolled to. */
export function useInstances(filters: {
  searchText: string
  state: ListedInstance['state'] | null
  element: string | null
  tags: string[]
  /** Whose, for admins; null: the caller's own. */
  user: string | null
}) {
  const query = useInfiniteQuery({
    queryKey: ['instances', filters],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const { data, response } = await api.GET('/instances', {
        signal,
        params: {
          query: {
            hydrate: false,
            lastUsed: true,
            pageSize: 100,
            ...(filters.searchText && { searchText: filters.searchText }),
            ...(filters.state && { state: filters.state }),
            ...(filters.element && { element: filters.element }),
            ...(filters.tags.length > 0 && { tags: filters.tags }),
            ...(filters.user && { user: filters.user }),
            ...(pageParam && { nextPage: pageParam }),
          },
        },
      })
      return {
        items: data as ListedInstance[],
        next: response.headers.get('elements-next-page-token') ?? undefined,
      }
    },
    getNextPageParam: ({ next }) => next,
    placeholderData: keepPreviousData,
  })
  const { data, ...rest } = query
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data])
  return { ...rest, rows }
}

/** An instance as it was read, and the `ETag` that a change names so as not to overwrite another. */
export interface ReadInstance {
  instance: Instance
  tag: string | undefined
}

export const instanceQuery = (id: number) =>
  queryOptions({
    queryKey: ['instances', id],
    queryFn: ({ signal }) => readOf(api.GET('/instances/{id}', { signal, params: of(id) })),
  })

/** What a call answers that reads or changes an instance. */
export async function readOf(
  call: Promise<{ data?: unknown; response: Response }>,
): Promise<ReadInstance> {
  const { data, response } = await call
  return { instance: data as Instance, tag: response.headers.get('etag') ?? undefined }
}

/** The parameters that name an instance. */
export function of(id: number) {
  return { path: { id } }
}

/** The same for a change of the version that was read, which is refused where there is a newer one. */
export function ofVersion(id: number, tag: string | undefined) {
  return { ...of(id), ...(tag && { header: { 'if-match': tag } }) }
}
