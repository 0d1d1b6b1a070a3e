import { Type } from 'typebox'
import { deedOf } from '../access/deed.ts'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { changeWebhook, rotateSigningSecret } from './change.ts'
import { deliveryRoutes } from './delivery-routes.ts'
import { deliveryModels } from './delivery-schema.ts'
import { bodyRefusals, everyRefusal, params, tags } from './route-parts.ts'
import {
  type Webhook,
  type WebhookChange,
  type WebhookOverlap,
  type WebhookReplacement,
  type WebhookRequest,
  webhookModels,
} from './schema.ts'
import {
  addWebhook,
  listWebhookPage,
  removeWebhook,
  requireWebhook,
  showWebhook,
} from './webhooks.ts'

const bodyLimit = 64 * 1024
const answered = Model<Webhook>('Webhook')

/** Where the organization's events are sent; for its admins. */
export function webhookRoutes(app: Server, context: Context) {
  // In a scope of its own: every model costs every route that sees it, when the service starts.
  app.register(async (webhooks: Server) => {
    for (const model of [...webhookModels, ...deliveryModels]) webhooks.addSchema(model)
    readingRoutes(webhooks, context)
    writingRoutes(webhooks, context)
    secretRoutes(webhooks, context)
    deliveryRoutes(webhooks, context)
  })
}

function readingRoutes(app: Server, context: Context) {
  app.get(
    '/webhooks',
    {
      schema: {
        operationId: 'listWebhooks',
        summary: 'List webhooks',
        description: 'In the order of their ids.',
        tags,
        querystring: Type.Object(pageParameters),
        response: {
          200: Type.Array(answered, { headers: pageHeaders, description: 'A page of webhooks' }),
          ...refusals(...everyRefusal),
        },
      },
    },
    async ({ principal, query }, reply) => {
      const page = readPage(query)
      const { webhooks, headers } = await listWebhookPage(context, principal.organizationId, page)
      return reply.headers(headers).send(webhooks)
    },
  )

  app.get(
    '/webhooks/:id',
    {
      schema: {
        operationId: 'getWebhook',
        summary: 'Read a webhook',
        tags,
        params,
        response: { 200: answered, ...refusals('webhook-not-found', ...everyRefusal) },
      },
    },
    async ({ principal: { organizationId }, params: { id } }) =>
      showWebhook(await requireWebhook(context, { organizationId, id })),
  )
}

function writingRoutes(app: Server, context: Context) {
  app.post(
    '/webhooks',
    {
      bodyLimit,
      schema: {
        operationId: 'createWebhook',
        summary: 'Subscribe a URL to events',
        description:
          'Answers the secret that events are signed with, this once. `POST /webhooks/{id}/test` tries the URL.',
        tags,
        body: Model<WebhookRequest>('WebhookRequest'),
        response: {
          200: answered,
          ...refusals(
            'destination-forbidden',
            'webhooks-too-many',
            ...bodyRefusals,
            ...everyRefusal,
          ),
        },
      },
    },
    async (request) => addWebhook(context, request.body, deedOf(request)),
  )

  const changeRefusals = refusals(
    'webhook-not-found',
    'destination-forbidden',
    'secrets-required',
    ...bodyRefusals,
    ...everyRefusal,
  )

  app.put(
    '/webhooks/:id',
    {
      bodyLimit,
      schema: {
        operationId: 'replaceWebhook',
        summary: 'Replace a webhook',
        description:
          'Its secret stays, but that a URL with another origin needs a new one: see `rotateSecret`.',
        tags,
        params,
        body: Model<WebhookReplacement>('WebhookReplacement'),
        response: { 200: answered, ...changeRefusals },
      },
    },
    async (request) => {
      const whole = { description: '', active: true, ...request.body }
      return changeWebhook(context, request.params.id, whole, deedOf(request))
    },
  )

  app.patch(
    '/webhooks/:id',
    {
      bodyLimit,
      schema: {
        operationId: 'changeWebhook',
        summary: 'Change a webhook',
        description:
          'What is left out stays. `"active": true` also begins anew with one that the service stopped, and sends what still waits.',
        tags,
        params,
        body: Model<WebhookChange>('WebhookChange'),
        response: { 200: answered, ...changeRefusals },
      },
    },
    async (request) => changeWebhook(context, request.params.id, request.body, deedOf(request)),
  )

  app.delete(
    '/webhooks/:id',
    {
      schema: {
        operationId: 'deleteWebhook',
        summary: 'Delete a webhook',
        description: 'With everything that it was sent, or that still waits.',
        tags,
        params,
        response: {
          200: Type.Null({ description: 'It is gone' }),
          ...refusals('webhook-not-found', ...everyRefusal),
        },
      },
    },
    async (request, reply) => {
      await removeWebhook(context, request.params.id, deedOf(request))
      return reply.send()
    },
  )
}

function secretRoutes(app: Server, context: Context) {
  app.post(
    '/webhooks/:id/secret',
    {
      bodyLimit,
      preValidation: async (request) => {
        request.body ??= {}
      },
      schema: {
        operationId: 'rotateWebhookSecret',
        summary: 'Replace the signing secret',
        description: 'Answers the new one, this once. Until the overlap ends both sign.',
        tags,
        params,
        body: Model<WebhookOverlap>('WebhookOverlap'),
        response: {
          200: answered,
          ...refusals('webhook-not-found', ...bodyRefusals, ...everyRefusal),
        },
      },
    },
    async (request) => {
      const { params, body } = request
      return rotateSigningSecret(context, params.id, body.overlapSeconds, deedOf(request))
    },
  )
}
