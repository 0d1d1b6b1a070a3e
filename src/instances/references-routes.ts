import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import type { Access } from './change-request.ts'
import { askedOf } from './place.ts'
import { getReferences, putReference, removeReference } from './references.ts'
import { replaceInstance } from './references-replace.ts'
import {
  type InstanceReference,
  type InstanceReferenceRequest,
  type InstanceReplacement,
  referenceModels,
  storable,
} from './references-schema.ts'

const tags = ['instances']
const id = Id('The instance', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const params = Type.Object({ id })
const named = Type.Object({
  id,
  name: Type.String({
    minLength: 1,
    maxLength: 255,
    pattern: storable,
    description: 'What uses it',
  }),
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
const sending = ['body-invalid', 'body-too-large', 'media-type-unsupported'] as const
const list = Type.Array(Model<InstanceReference>('InstanceReference'), {
  description: 'What uses it, by name',
})

/** What uses an instance, as client apps say. */
export function referenceRoutes(app: Server, context: Context, access: Access) {
  for (const model of referenceModels) app.addSchema(model)

  app.get(
    '/instances/:id/references',
    {
      schema: {
        operationId: 'listInstanceReferences',
        summary: 'List what uses an instance',
        tags,
        params,
        response: { 200: list, ...refusals(...seeing) },
      },
    },
    async (request) => getReferences(context, askedOf(request, request.params.id, access)),
  )

  app.put(
    '/instances/:id/references/:name',
    {
      preValidation: async (request) => {
        request.body ??= {}
      },
      schema: {
        operationId: 'putInstanceReference',
        summary: 'Say what uses an instance',
        description:
          'While there are references, the instance cannot be deleted. Saying the same again changes nothing; a body is not needed.',
        tags,
        params: named,
        body: Model<InstanceReferenceRequest>('InstanceReferenceRequest'),
        response: {
          200: Model<InstanceReference>('InstanceReference'),
          ...refusals(...seeing, ...sending, 'references-too-many'),
        },
      },
    },
    async (request) => {
      const { params, body } = request
      return putReference(context, askedOf(request, params.id, access), params.name, body)
    },
  )

  app.delete(
    '/instances/:id/references/:name',
    {
      schema: {
        operationId: 'deleteInstanceReference',
        summary: 'Say that something no longer uses an instance',
        tags,
        params: named,
        response: {
          200: Type.Unsafe<undefined>({ type: 'null', description: 'Nothing' }),
          ...refusals(...seeing, 'reference-not-found'),
        },
      },
    },
    async (request, reply) => {
      const { id, name } = request.params
      await removeReference(context, askedOf(request, id, access), name)
      return reply.send()
    },
  )

  app.post(
    '/instances/:id/replace',
    {
      schema: {
        operationId: 'replaceInstanceBy',
        summary: 'Point what uses an instance to another one',
        description:
          'All references at once. The other instance is yours, of the same element, and can be called through; references of a name that it has already stay as they are there. Answers what uses it then.',
        tags,
        params,
        body: Model<InstanceReplacement>('InstanceReplacement'),
        response: { 200: list, ...refusals(...seeing, ...sending, 'replacement-unfit') },
      },
    },
    async (request) => {
      const { params, body } = request
      return replaceInstance(context, askedOf(request, params.id, access), body.by)
    },
  )
}
