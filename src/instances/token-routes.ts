import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { changeInstance } from './change.ts'
import type { Access } from './change-request.ts'
import type { InstanceChange } from './change-schema.ts'
import { ownEntryRoutes } from './entry-routes.ts'
import { enableInstance, removeInstance } from './life.ts'
import { answer, askedOf } from './place.ts'
import { credentialRefusals } from './refusals.ts'
import type { Instance } from './schema.ts'

const tags = ['instances']
const switching = [
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'element-unknown',
  'instance-not-found',
  'instance-busy',
  'instance-changed',
  'header-too-large',
  'internal',
  'unavailable',
] as const
const connecting = [
  ...credentialRefusals,
  'parameters-invalid',
  'element-unknown',
  'instance-not-found',
  'instance-busy',
  'instance-changed',
  'reconnect-required',
  'outcome-unknown',
] as const

const headers = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'The `ETag` of what is changed' })),
})
const answered = Model<Instance>('Instance', {
  headers: { ETag: Type.String({ description: 'Counts the changes that people made' }) },
})
const nothing = Type.Unsafe<undefined>({ type: 'null', description: 'Nothing' })
const querystring = Type.Object({
  reAuthenticate: Type.Boolean({
    default: true,
    description: 'As with `PUT /instances/{id}`',
  }),
})

/** The routes without an id: for the instance whose token the header names besides. */
export function tokenRoutes(app: Server, context: Context, access: Access) {
  ownEntryRoutes(app, context, access)

  const changes = [
    { method: 'PUT', operationId: 'replaceInstanceOfToken', manner: 'replace' },
    { method: 'PATCH', operationId: 'updateInstanceOfToken', manner: 'merge' },
  ] as const
  for (const { method, operationId, manner } of changes) {
    app.route({
      method,
      url: '/instances',
      schema: {
        operationId,
        summary: `${manner === 'merge' ? 'Change' : 'Replace'} the instance of the token`,
        description: `Does what \`${method} /instances/{id}\` does.`,
        tags,
        querystring,
        headers,
        body: Model<InstanceChange>('InstanceChange'),
        response: { 200: answered, ...refusals(...connecting) },
      },
      handler: async (request, reply) => {
        const { body, query, instanceId } = request
        const { reAuthenticate } = query
        const asked = askedOf(request, instanceId, access)
        const change = { ...asked, body, manner, reAuthenticate }
        return answer(request, reply, await changeInstance(context, change))
      },
    })
  }

  app.delete(
    '/instances',
    {
      schema: {
        operationId: 'deleteInstanceOfToken',
        summary: 'Delete the instance of the token',
        description: 'Does what `DELETE /instances/{id}` does.',
        tags,
        headers,
        response: { 200: nothing, ...refusals(...switching, 'instance-in-use') },
      },
    },
    async (request, reply) => {
      await removeInstance(context, askedOf(request, request.instanceId, access))
      return reply.send()
    },
  )

  app.put(
    '/instances/enabled',
    {
      schema: {
        operationId: 'enableInstanceOfToken',
        summary: 'Enable the instance of the token',
        tags,
        headers,
        response: { 200: answered, ...refusals(...switching) },
      },
    },
    async (request, reply) => {
      const asked = askedOf(request, request.instanceId, access)
      return answer(request, reply, await enableInstance(context, asked, true))
    },
  )

  app.delete(
    '/instances/enabled',
    {
      schema: {
        operationId: 'disableInstanceOfToken',
        summary: 'Disable the instance of the token',
        description: 'Nothing can be called through it then. Answers an empty body.',
        tags,
        headers,
        response: { 200: nothing, ...refusals(...switching) },
      },
    },
    async (request, reply) => {
      const asked = askedOf(request, request.instanceId, access)
      const { revision } = await enableInstance(context, asked, false)
      return reply.header('etag', `"${revision}"`).send()
    },
  )
}
