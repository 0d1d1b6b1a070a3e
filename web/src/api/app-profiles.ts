import { queryOptions } from '@tanstack/react-query'
import { api, dataOf } from './client.ts'
import type { components } from './schema.d.ts'

export type OAuthApp = components['schemas']['OAuthApp']

export const appsQuery = queryOptions({
  queryKey: ['app-profiles'],
  queryFn: ({ signal }) => dataOf(api.GET('/oauth-apps', { signal })),
})
