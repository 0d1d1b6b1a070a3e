import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import type { Access } from './change-request.ts'
import { askedOf } from './place.ts'
import { getToken, revokePrevious, rotateToken, type ShownToken } from './token.ts'
import { type InstanceToken, type TokenRotation, tokenModels } from './token-schema.ts'

const tags = ['instances']
const params = Type.Object({
  id: Id('The instance', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
})
const headers = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'The `ETag` of the instance' })),
})
const answered = Model<InstanceToken>('InstanceToken', {
  headers: { ETag: Type.String({ description: 'Counts the changes that people made' }) },
})
const seeing = [
  'parameters-invalid',
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'instance-not-found',
  'header-too-large',
  'internal',
  'unavailable',
] as const
const changing = [...seeing, 'instance-busy', 'instance-changed'] as const

/** The tokens that stand for an instance. */
export function tokenChangeRoutes(app: Server, context: Context, access: Access) {
  for (const model of tokenModels) app.addSchema(model)

  app.get(
    '/instances/:id/token',
    {
      schema: {
        operationId: 'getInstanceToken',
        summary: 'Read the token of an instance, and when it was used',
        tags,
        params,
        response: { 200: answered, ...refusals(...seeing) },
      },
    },
    async (request, reply) =>
      show(reply, await getToken(context, askedOf(request, request.params.id, access))),
  )

  app.post(
    '/instances/:id/token',
    {
      preValidation: async (request) => {
        request.body ??= {}
      },
      schema: {
        operationId: 'rotateInstanceToken',
        summary: 'Give an instance a new token',
        description:
          'It works at once; those before it go on working for the overlap, a day where nothing is said. A body is not needed.',
        tags,
        params,
        headers,
        body: Model<TokenRotation>('TokenRotation'),
        response: {
          200: answered,
          ...refusals(...changing, 'body-invalid', 'body-too-large', 'media-type-unsupported'),
        },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const asked = askedOf(request, params.id, access)
      return show(reply, await rotateToken(context, asked, body.overlapSeconds))
    },
  )

  app.delete(
    '/instances/:id/token',
    {
      schema: {
        operationId: 'revokeInstanceTokens',
        summary: 'End the tokens of an instance that others have replaced',
        description: 'At once. The newest one stays: to end that, replace it without an overlap.',
        tags,
        params,
        headers,
        querystring: Type.Object({
          previous: Type.Literal(true, { description: 'Those before the newest' }),
        }),
        response: { 200: answered, ...refusals(...changing) },
      },
    },
    async (request, reply) =>
      show(reply, await revokePrevious(context, askedOf(request, request.params.id, access))),
  )
}

function show(reply: FastifyReply, { token, revision }: ShownToken): InstanceToken {
  reply.header('etag', `"${revision}"`)
  return token
}
