import { Type } from 'typebox'
import { deedOf } from '../access/deed.ts'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model, OneOf } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { getDelivery, listDeliveryPage, redeliver, redeliverDead } from './deliveries.ts'
import type { Redelivery, WebhookDelivery, WebhookTrial } from './delivery-schema.ts'
import type { DeliveryState } from './delivery-store.ts'
import { everyRefusal, known, params, tags } from './route-parts.ts'
import { tryWebhook } from './trial.ts'

const state = Type.Unsafe<DeliveryState>(
  OneOf(['waiting', 'delivered', 'dead'], { description: 'Only those in it' }),
)
const answered = Model<WebhookDelivery>('WebhookDelivery')
const deliveryParams = Type.Object({ ...params.properties, deliveryId: Id('The delivery', known) })
const deliveryRefusals = refusals(
  'webhook-not-found',
  'webhook-delivery-not-found',
  ...everyRefusal,
)

/** What was sent, what waits and what could not be delivered. */
export function deliveryRoutes(app: Server, context: Context) {
  readingRoutes(app, context)
  sendingRoutes(app, context)
}

function readingRoutes(app: Server, context: Context) {
  app.get(
    '/webhooks/:id/deliveries',
    {
      schema: {
        operationId: 'listWebhookDeliveries',
        summary: 'List deliveries',
        description:
          'The oldest first, each with its attempts. `state=dead` lists what could not be delivered.',
        tags,
        params,
        querystring: Type.Object({
          state: Type.Optional(state),
          instanceId: Type.Optional(Id('Only those about this instance', known)),
          ...pageParameters,
        }),
        response: {
          200: Type.Array(answered, { headers: pageHeaders, description: 'A page of deliveries' }),
          ...refusals('webhook-not-found', ...everyRefusal),
        },
      },
    },
    async ({ principal: { organizationId }, params: { id }, query }, reply) => {
      const key = { organizationId, id }
      const page = readPage(query)
      const { deliveries, headers } = await listDeliveryPage(context, key, query, page)
      return reply.headers(headers).send(deliveries)
    },
  )

  app.get(
    '/webhooks/:id/deliveries/:deliveryId',
    {
      schema: {
        operationId: 'getWebhookDelivery',
        summary: 'Read a delivery',
        tags,
        params: deliveryParams,
        response: { 200: answered, ...deliveryRefusals },
      },
    },
    async ({ principal: { organizationId }, params: { id, deliveryId } }) =>
      getDelivery(context, { organizationId, id }, deliveryId),
  )
}

function sendingRoutes(app: Server, context: Context) {
  app.post(
    '/webhooks/:id/deliveries/:deliveryId/redeliver',
    {
      schema: {
        operationId: 'redeliverWebhookDelivery',
        summary: 'Deliver a message again',
        description:
          'Dead or delivered, with the same id, before what waits about the same instance; with every try of three days before it.',
        tags,
        params: deliveryParams,
        response: { 200: answered, ...deliveryRefusals },
      },
    },
    async (request) => {
      const { id, deliveryId } = request.params
      const { organizationId } = request.principal
      return redeliver(context, { organizationId, id }, deliveryId, deedOf(request))
    },
  )

  app.post(
    '/webhooks/:id/redeliver',
    {
      schema: {
        operationId: 'redeliverDeadWebhookDeliveries',
        summary: 'Deliver all dead messages again',
        description: 'The oldest first, 1000 at most: ask again where there are more.',
        tags,
        params,
        response: {
          200: Model<Redelivery>('Redelivery'),
          ...refusals('webhook-not-found', ...everyRefusal),
        },
      },
    },
    async (request) => {
      const { organizationId } = request.principal
      return redeliverDead(context, { organizationId, id: request.params.id }, deedOf(request))
    },
  )

  app.post(
    '/webhooks/:id/test',
    {
      schema: {
        operationId: 'testWebhook',
        summary: 'Send a test event',
        description: 'Once, with the type `webhook.test`, and answers what came back.',
        tags,
        params,
        response: {
          200: Model<WebhookTrial>('WebhookTrial'),
          ...refusals('webhook-not-found', 'webhook-busy', ...everyRefusal),
        },
      },
    },
    async (request) => tryWebhook(context, request.params.id, deedOf(request)),
  )
}
