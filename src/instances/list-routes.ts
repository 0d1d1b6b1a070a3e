import { Type } from 'typebox'
import { elementPartOf, identifyInstance } from '../access/instance-token.ts'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { countInstances } from './count.ts'
import { getInstance } from './find.ts'
import { listInstances } from './list.ts'
import {
  elementListParameters,
  type InstanceCount,
  type ListedInstance,
  listHeaders,
  listModels,
  listParameters,
} from './list-schema.ts'
import type { Instance } from './schema.ts'

const tags = ['instances']
const reading = [
  'parameters-invalid',
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'header-too-large',
  'internal',
  'unavailable',
] as const
const page = Type.Array(Model<ListedInstance>('ListedInstance'), {
  description: 'A page of instances; empty where none passes',
})
const json = 'application/json; charset=utf-8'

/** Finding instances, and counting them. */
export function listRoutes(app: Server, context: Context) {
  for (const model of listModels) app.addSchema(model)

  app.get(
    '/instances',
    {
      schema: {
        operationId: 'listInstances',
        summary: 'List instances, or read the one of a token',
        description:
          'Own instances in the order of their ids; all filters must hold. With an Element part in the `Authorization` header it answers the instance that the token stands for instead.',
        tags,
        querystring: listParameters,
        response: {
          200: Type.Unsafe<string>({
            ...Type.Union([page, Model<Instance>('Instance')]),
            headers: listHeaders,
            description: 'A page of instances, or the one of the token',
          }),
          ...refusals(...reading, 'element-unknown', 'element-not-found', 'user-not-found'),
        },
      },
    },
    async (request, reply) => {
      const { principal, query, headers } = request
      reply.type(json)
      if (elementPartOf(headers.authorization) === undefined) {
        const found = await listInstances(context, principal, query)
        return reply.headers(found.headers).send(JSON.stringify(found.items))
      }
      const id = await identifyInstance(context, principal, headers.authorization)
      const { instance, revision } = await getInstance(context, principal, id)
      Object.assign(request.noted, { instanceId: id, elementKey: instance.element.key })
      return reply.header('etag', `"${revision}"`).send(JSON.stringify(instance))
    },
  )

  app.get(
    '/elements/:keyOrId/instances',
    {
      schema: {
        operationId: 'listElementInstances',
        summary: 'List instances of this element',
        description: 'Own instances in the order of their ids; all filters must hold.',
        tags,
        params: Type.Object({
          keyOrId: Type.String({ description: 'The key or the id of an element' }),
        }),
        querystring: elementListParameters,
        response: {
          200: Type.Unsafe<string>({ ...page, headers: listHeaders }),
          ...refusals(...reading, 'element-not-found', 'user-not-found'),
        },
      },
    },
    async ({ principal, query, params }, reply) => {
      const { items, headers } = await listInstances(context, principal, query, params.keyOrId)
      return reply.headers(headers).type(json).send(JSON.stringify(items))
    },
  )

  app.get(
    '/instances/count',
    {
      schema: {
        operationId: 'countInstances',
        summary: 'Count instances',
        description: 'Own ones, by their elements.',
        tags,
        response: { 200: Model<InstanceCount>('InstanceCount'), ...refusals(...reading) },
      },
    },
    async ({ principal }) => countInstances(context, principal),
  )
}
