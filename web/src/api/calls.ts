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

export type StoredCall = components['schemas']['StoredCall']

const isUnderWay = ({ state }: StoredCall) => state === 'waiting' || state === 'sending'
const everyMs = 5000

/** The latest calls of an instance that are sent later; read again while any is under way. */
export const laterCallsQuery = (id: number) =>
  queryOptions({
    queryKey: ['calls', { instanceId: id }],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET('/calls', { signal, params: { query: { instanceId: id, pageSize: 50 } } }),
      ) as Promise<StoredCall[]>,
    refetchInterval: ({ state }) => (state.data?.some(isUnderWay) ? everyMs : false),
  })

/** One of them, with its answer. */
export const laterCallQuery = (id: number) =>
  queryOptions({
    queryKey: ['calls', id],
    queryFn: ({ signal }) =>
      dataOf(api.GET('/calls/{id}', { signal, params: of(id) })) as Promise<StoredCall>,
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data) ? everyMs : false),
  })
