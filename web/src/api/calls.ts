import { queryOptions } from '@tanstack/react-query'
import { api, dataOf } from './client.ts'
import { of } from './instances.ts'
import type { components } from './schema.d.ts'

export type LoggedCall = components['schemas']['LoggedCall']

/** The latest calls that the log of an instance kept. */
export const callLogQuery = (id: number) =>
  queryOptions({
    queryKey: ['call-log', id],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET('/instances/{id}/call-log', {
          signal,
          params: { ...of(id), query: { pageSize: 50 } },
        }),
      ) as Promise<LoggedCall[]>,
  })
