import { Type } from 'typebox'
import { deedOf } from '../access/deed.ts'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { baseOf } from './base.ts'
import { createSession } from './create.ts'
import { cancelSession, getSession, listPage } from './find.ts'
import { ConnectSession, ConnectSessionRequest } from './schema.ts'

const everyRefusal = [
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'header-too-large',
  'internal',
  'unavailable',
] as const

const params = Type.Object({
  id: Id('The session', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
})
const tags = ['connect']
const answered = Model<ConnectSession>('ConnectSession')

/** Links by which a client app's customers connect something themselves. */
export function connectSessionRoutes(app: Server, context: Context) {
  app.register(async (sessions: Server) => {
    sessions.addSchema(ConnectSession)
    readingRoutes(sessions, context)
    sessions.register(async (writing: Server) => writingRoutes(writing, context))
  })
}

function writingRoutes(app: Server, context: Context) {
  app.addSchema(ConnectSessionRequest)
  app.post(
    '/connect-sessions',
    {
      schema: {
        operationId: 'createConnectSession',
        summary: 'Make a link for a customer to connect something',
        description:
          "The page behind `url` leads through choosing, filling in and consenting at the vendor; the instance is the caller's. The link can be opened once. At vendors with OAuth, `{public URL}/oauth/callback` is to be registered as redirect URI.",
        tags,
        body: Model<ConnectSessionRequest>('ConnectSessionRequest'),
        response: {
          200: answered,
          ...refusals(
            'body-invalid',
            'name-missing',
            'name-too-long',
            'tags-too-many',
            'tag-too-long',
            'element-missing',
            'element-not-found',
            'element-inactive',
            'instance-not-found',
            'authentication-unclear',
            'settings-invalid',
            'configuration-too-large',
            'configuration-invalid',
            'oauth-app-not-found',
            'oauth-app-unclear',
            'oauth-app-unfit',
            'secrets-required',
            'body-too-large',
            'media-type-unsupported',
            ...everyRefusal,
          ),
        },
      },
    },
    async ({ principal, id: requestId, ip: address, body }) =>
      createSession(context, { principal, requestId, address, body }, baseOf(context, app)),
  )
}

function readingRoutes(app: Server, context: Context) {
  app.get(
    '/connect-sessions',
    {
      schema: {
        operationId: 'listConnectSessions',
        summary: 'List connect sessions',
        description: 'Own ones of the last days, in the order of their ids, without instances.',
        tags,
        querystring: Type.Object({
          externalId: Type.Optional(Type.String({ maxLength: 255, description: 'For this one' })),
          ...pageParameters,
        }),
        response: {
          200: Type.Array(answered, { headers: pageHeaders, description: 'A page of sessions' }),
          ...refusals('parameters-invalid', ...everyRefusal),
        },
      },
    },
    async ({ query, principal }, reply) => {
      const page = readPage(query)
      const { sessions, headers } = await listPage(context, principal, page, query.externalId)
      return reply.headers(headers).send(sessions)
    },
  )

  app.get(
    '/connect-sessions/:id',
    {
      schema: {
        operationId: 'getConnectSession',
        summary: 'Read a connect session',
        description: 'Once it succeeded, with the instance and its token.',
        tags,
        params,
        response: {
          200: answered,
          ...refusals('parameters-invalid', 'connect-session-not-found', ...everyRefusal),
        },
      },
    },
    async ({ principal, params: { id } }) => getSession(context, principal, id),
  )

  app.delete(
    '/connect-sessions/:id',
    {
      schema: {
        operationId: 'cancelConnectSession',
        summary: 'Cancel a connect session',
        description: 'Its link and its page do nothing any more.',
        tags,
        params,
        response: {
          200: answered,
          ...refusals(
            'parameters-invalid',
            'connect-session-not-found',
            'connect-session-over',
            ...everyRefusal,
          ),
        },
      },
    },
    async (request) =>
      cancelSession(context, request.principal, request.params.id, deedOf(request)),
  )
}
