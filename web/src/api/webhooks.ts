import { queryOptions } from '@tanstack/react-query'
import { api, dataOf } from './client.ts'
import type { components } from './schema.d.ts'

export type Webhook = components['schemas']['Webhook']
export type Delivery = components['schemas']['WebhookDelivery']

export const webhooksQuery = queryOptions({
  queryKey: ['webhooks'],
  queryFn: ({ signal }) => dataOf(api.GET('/webhooks', { signal })),
})

export const deliveriesQuery = (id: number, state: Delivery['state'] | null) =>
  queryOptions({
    queryKey: ['webhooks', id, 'deliveries', state],
    queryFn: ({ signal }) =>
      dataOf(
        api.GET('/webhooks/{id}/deliveries', {
          signal,
          params: { path: { id }, query: { pageSize: 100, ...(state && { state }) } },
        }),
      ),
  })
