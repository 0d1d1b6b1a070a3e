import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { addApp } from './app-add.ts'
import { getApp, listApps } from './app-list.ts'
import { removeApp } from './app-remove.ts'
import { replaceApp } from './app-replace.ts'
import {
  models,
  type OAuthApp,
  type OAuthAppReplacement,
  type OAuthAppRequest,
} from './app-schema.ts'

const bodyLimit = 64 * 1024

const everyRefusal = [
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'header-too-large',
  'internal',
  'unavailable',
] as const
const writingRefusals = [
  'body-invalid',
  'role-insufficient',
  'oauth-app-unfit',
  'element-not-found',
  'body-too-large',
  'media-type-unsupported',
] as const

const params = Type.Object({
  id: Id('The app profile', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
})
const tags = ['app profiles']
const answered = Model<OAuthApp>('OAuthApp')

/** Clients of an organization at OAuth vendors, so that its instances need not carry them. */
export function appRoutes(app: Server, context: Context) {
  // In a scope of their own: every model costs every route that sees it, when the service starts.
  app.register(async (apps: Server) => {
    for (const model of models) apps.addSchema(model)
    readingRoutes(apps, context)
    writingRoutes(apps, context)
  })
}

function readingRoutes(app: Server, context: Context) {
  app.get(
    '/oauth-apps',
    {
      schema: {
        operationId: 'listOAuthApps',
        summary: 'List app profiles',
        description:
          'Own ones and shared ones, in the order of their ids; all of them for an admin.',
        tags,
        querystring: Type.Object({
          ...pageParameters,
          element: Type.Optional(
            Type.String({ maxLength: 100, description: 'Only those for it, by key or id' }),
          ),
        }),
        response: {
          200: Type.Array(answered, {
            headers: pageHeaders,
            description: 'A page of app profiles',
          }),
          ...refusals('parameters-invalid', 'element-not-found', ...everyRefusal),
        },
      },
    },
    async (request, reply) => {
      const { element } = request.query
      const page = readPage(request.query)
      const { apps, headers } = await listApps(context, request.principal, page, element)
      return reply.headers(headers).send(apps)
    },
  )

  app.get(
    '/oauth-apps/:id',
    {
      schema: {
        operationId: 'getOAuthApp',
        summary: 'Read an app profile',
        tags,
        params,
        response: {
          200: answered,
          ...refusals('parameters-invalid', 'oauth-app-not-found', ...everyRefusal),
        },
      },
    },
    async (request) => getApp(context, request.principal, request.params.id),
  )
}

function writingRoutes(app: Server, context: Context) {
  app.post(
    '/oauth-apps',
    {
      bodyLimit,
      schema: {
        operationId: 'createOAuthApp',
        summary: 'Store an app profile',
        description:
          'Keeps client id and secret for one authentication of an element; the secret is sealed, and goes to the token endpoint alone.',
        tags,
        body: Model<OAuthAppRequest>('OAuthAppRequest'),
        response: {
          200: answered,
          ...refusals(
            'element-missing',
            'authentication-unclear',
            'oauth-app-origins-missing',
            ...writingRefusals,
            ...everyRefusal,
          ),
        },
      },
    },
    async (request) => addApp(context, { ...asked(request), body: request.body }),
  )

  app.put(
    '/oauth-apps/:id',
    {
      bodyLimit,
      schema: {
        operationId: 'replaceOAuthApp',
        summary: 'Replace an app profile',
        description:
          'Takes another client for the same id: instances that use it are that client from then on. A secret of stars stays as it was; with other origins it has to be sent again.',
        tags,
        params,
        body: Model<OAuthAppReplacement>('OAuthAppReplacement'),
        response: {
          200: answered,
          ...refusals(
            'parameters-invalid',
            'oauth-app-not-found',
            'oauth-app-in-use',
            'secrets-required',
            ...writingRefusals,
            ...everyRefusal,
          ),
        },
      },
    },
    async (request) =>
      replaceApp(context, { ...asked(request), id: request.params.id, body: request.body }),
  )

  app.delete(
    '/oauth-apps/:id',
    {
      schema: {
        operationId: 'deleteOAuthApp',
        summary: 'Delete an app profile',
        description: 'Refused while instances use it; they are named in `references`.',
        tags,
        params,
        response: {
          200: Type.Object({}, { description: 'It is gone, with its secret' }),
          ...refusals(
            'parameters-invalid',
            'role-insufficient',
            'oauth-app-not-found',
            'oauth-app-in-use',
            ...everyRefusal,
          ),
        },
      },
    },
    async (request) => {
      await removeApp(context, { ...asked(request), id: request.params.id })
      return {}
    },
  )
}

function asked({ principal, id: requestId, ip: address }: FastifyRequest) {
  return { principal, requestId, address }
}
