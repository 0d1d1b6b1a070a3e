import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { elementKey, type OwnDefinition } from '../definition/element.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { showElement } from './answer.ts'
import { activateOwn, cloneElement, createOwn, removeOwn, replaceOwn } from './own.ts'
import {
  acceptAnyBody,
  changingRefusals,
  deedOf,
  definitionRefusals,
  elementParams,
} from './route-parts.ts'
import type { ElementAnswer } from './schema.ts'

const tags = ['elements']
const answered = Model<ElementAnswer>('Element')
const definition = Model<OwnDefinition>('ElementDefinition')

/** Elements of an organization's own, which no other sees. */
export function ownElementRoutes(app: Server, context: Pick<Context, 'db' | 'elements'>) {
  app.post(
    '/elements',
    {
      validatorCompiler: acceptAnyBody,
      schema: {
        operationId: 'createElement',
        summary: 'Make an element of your own',
        description: 'Without a key it gets one made from its name.',
        tags,
        body: definition,
        response: {
          200: answered,
          ...refusals(
            ...changingRefusals,
            ...definitionRefusals,
            'element-key-taken',
            'elements-too-many',
          ),
        },
      },
    },
    async (request) => showElement(await createOwn(context, deedOf(request), request.body)),
  )

  app.put(
    '/elements/:keyOrId',
    {
      validatorCompiler: acceptAnyBody,
      schema: {
        operationId: 'replaceElement',
        summary: 'Change an element of your own',
        description:
          'New instances get this version; those that there are stay at theirs until `PUT /elements/{keyOrId}/update`. The key stays while instances exist.',
        tags,
        params: elementParams,
        body: definition,
        response: {
          200: answered,
          ...refusals(
            ...changingRefusals,
            ...definitionRefusals,
            'element-not-own',
            'element-key-taken',
            'element-in-use',
          ),
        },
      },
    },
    async (request) => {
      const { params, body } = request
      return showElement(await replaceOwn(context, deedOf(request), params.keyOrId, body))
    },
  )

  app.delete(
    '/elements/:keyOrId',
    {
      schema: {
        operationId: 'deleteElement',
        summary: 'Delete an element of your own',
        description: 'Refused while instances use it; they are named in `references`.',
        tags,
        params: elementParams,
        response: {
          200: Type.Null({ description: 'It is gone, with all its versions' }),
          ...refusals(...changingRefusals, 'element-not-own', 'element-in-use'),
        },
      },
    },
    async (request, reply) => {
      await removeOwn(context, deedOf(request), request.params.keyOrId)
      return reply.send()
    },
  )

  app.post(
    '/elements/:keyOrId/clone',
    {
      preValidation: async (request) => {
        request.body ??= {}
      },
      schema: {
        operationId: 'cloneElement',
        summary: 'Make an element of your own from another',
        tags,
        params: elementParams,
        body: Type.Object({
          name: Type.Optional(
            Type.String({ minLength: 1, maxLength: 1000, description: 'Left out: "… copy"' }),
          ),
          key: Type.Optional(
            Type.String({ pattern: elementKey, description: 'Left out: made from the name' }),
          ),
        }),
        response: {
          200: answered,
          ...refusals(
            ...changingRefusals,
            ...definitionRefusals,
            'element-key-taken',
            'elements-too-many',
          ),
        },
      },
    },
    async (request) => {
      const { params, body } = request
      return showElement(await cloneElement(context, deedOf(request), params.keyOrId, body))
    },
  )

  app.put(
    '/elements/:keyOrId/active',
    {
      schema: {
        operationId: 'activateElement',
        summary: 'Let an element of your own be provisioned',
        tags,
        params: elementParams,
        response: { 200: answered, ...refusals(...changingRefusals, 'element-not-own') },
      },
    },
    async (request) => {
      const { keyOrId } = request.params
      return showElement(await activateOwn(context, deedOf(request), keyOrId, true))
    },
  )

  app.delete(
    '/elements/:keyOrId/active',
    {
      schema: {
        operationId: 'deactivateElement',
        summary: 'Keep an element of your own from being provisioned',
        description: 'Its instances stay as they are.',
        tags,
        params: elementParams,
        response: {
          200: Type.Null({ description: 'It gets no new instances' }),
          ...refusals(...changingRefusals, 'element-not-own'),
        },
      },
    },
    async (request, reply) => {
      await activateOwn(context, deedOf(request), request.params.keyOrId, false)
      return reply.send()
    },
  )
}
