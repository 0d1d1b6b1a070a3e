import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { changeInstance } from './change.ts'
import type { Access, ChangeRequest, InstanceRequest } from './change-request.ts'
import { changeModels, type InstanceChange } from './change-schema.ts'
import { enableInstance, removeInstance } from './life.ts'
import { findGoverned, type Shown, showGoverned } from './own.ts'
import { credentialRefusals } from './refusals.ts'
import type { Instance } from './schema.ts'
import { verifyInstance } from './verify-stored.ts'

const id = Id('The instance', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const keyOrId = Type.String({ description: 'The key or the id of its element' })
const query = Type.Object({
  reAuthenticate: Type.Boolean({
    default: true,
    description:
      'False: the vendor is asked only about what makes a difference to it; that is proved whatever is said here',
  }),
})
const headers = Type.Object({
  'if-match': Type.Optional(
    Type.String({ description: 'The `ETag` of what is changed. Left out: whatever is there' }),
  ),
})
const answered = Model<Instance>('Instance', {
  headers: { ETag: Type.String({ description: 'Counts the changes that people made' }) },
})
const nothing = Type.Unsafe<undefined>({ type: 'null', description: 'Nothing' })

const seeing = [
  'parameters-invalid',
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'instance-not-found',
  'element-not-found',
  'header-too-large',
  'internal',
  'unavailable',
] as const
const switching = [...seeing, 'instance-busy', 'instance-changed'] as const
const connecting = [
  ...credentialRefusals,
  'parameters-invalid',
  'instance-not-found',
  'instance-busy',
  'instance-changed',
  'reconnect-required',
  'outcome-unknown',
] as const

/** Where an instance is found: by its id, and below its element. */
const places = [
  { path: '/instances/:id', suffix: '', params: Type.Object({ id }) },
  {
    path: '/elements/:keyOrId/instances/:id',
    suffix: 'OfElement',
    params: Type.Object({ keyOrId, id }),
  },
]
const tags = ['instances']

/** Changing, trying, switching and deleting instances; `access` opens one that is stored. */
export function changeRoutes(app: Server, context: Context, access: Access) {
  for (const model of changeModels) app.addSchema(model)
  for (const { path, suffix, params } of places) {
    if (suffix !== '') {
      app.get(
        path,
        {
          schema: {
            operationId: `getInstance${suffix}`,
            summary: 'Read an instance of this element',
            tags,
            params,
            response: { 200: answered, ...refusals(...seeing) },
          },
        },
        async (request, reply) => {
          const { row, element } = await findGoverned(context, asked(request))
          const shown = await showGoverned(context, request.principal, row, element)
          return show(request, reply, shown)
        },
      )
    }

    app.put(
      path,
      {
        schema: {
          operationId: `replaceInstance${suffix}`,
          summary: 'Replace what an instance is',
          description:
            'What is stated replaces what was there: a configuration loses the entries that are not in it. A secret that reads `********` is kept. How the instance connects is proved at the vendor before anything is stored, and the old way works until then.',
          tags,
          params,
          querystring: query,
          headers,
          body: Model<InstanceChange>('InstanceChange'),
          response: { 200: answered, ...refusals(...connecting) },
        },
      },
      async (request, reply) =>
        show(request, reply, await changeInstance(context, change(request, 'replace'))),
    )

    app.patch(
      path,
      {
        schema: {
          operationId: `updateInstance${suffix}`,
          summary: 'Change an instance',
          description:
            'Configuration and settings are merged, `null` takes an entry away; `providerData` connects it anew at the vendor. How the instance connects is proved before anything is stored, and the old way works until then.',
          tags,
          params,
          querystring: query,
          headers,
          body: Model<InstanceChange>('InstanceChange'),
          response: { 200: answered, ...refusals(...connecting) },
        },
      },
      async (request, reply) =>
        show(request, reply, await changeInstance(context, change(request, 'merge'))),
    )

    app.delete(
      path,
      {
        schema: {
          operationId: `deleteInstance${suffix}`,
          summary: 'Delete an instance',
          description:
            'With its secrets and tokens. Refused while something uses it, which is named in `references`. Answers an empty body.',
          tags,
          params,
          headers,
          response: { 200: nothing, ...refusals(...switching, 'instance-in-use') },
        },
      },
      async (request, reply) => {
        await removeInstance(context, asked(request))
        return reply.send()
      },
    )
  }

  app.post(
    '/instances/:id/verify',
    {
      schema: {
        operationId: 'verifyInstance',
        summary: 'Try an instance at its vendor',
        description:
          'With what is stored. A draft that the vendor accepts is one no more, and a failed instance is healed; otherwise it is a test, and a refusal changes nothing.',
        tags,
        params: Type.Object({ id }),
        headers,
        response: { 200: answered, ...refusals(...connecting) },
      },
    },
    async (request, reply) => show(request, reply, await verifyInstance(context, asked(request))),
  )

  app.put(
    '/instances/:id/enabled',
    {
      schema: {
        operationId: 'enableInstance',
        summary: 'Enable an instance',
        tags,
        params: Type.Object({ id }),
        headers,
        response: { 200: answered, ...refusals(...switching) },
      },
    },
    async (request, reply) =>
      show(request, reply, await enableInstance(context, asked(request), true)),
  )

  app.delete(
    '/instances/:id/enabled',
    {
      schema: {
        operationId: 'disableInstance',
        summary: 'Disable an instance',
        description: 'Nothing can be called through it then. Answers an empty body.',
        tags,
        params: Type.Object({ id }),
        headers,
        response: { 200: nothing, ...refusals(...switching) },
      },
    },
    async (request, reply) => {
      const { revision } = await enableInstance(context, asked(request), false)
      return reply.header('etag', `"${revision}"`).send()
    },
  )

  function asked(request: FastifyRequest<{ Params: Params }>): InstanceRequest {
    const { principal, id: requestId, ip: address, params } = request
    const ifMatch = request.headers['if-match']
    request.noted.instanceId = params.id
    const { id, keyOrId: keyInPath } = params
    return { principal, requestId, address, id, keyInPath, ifMatch, access }
  }

  function change(
    request: FastifyRequest<{
      Params: Params
      Querystring: { reAuthenticate: boolean }
      Body: InstanceChange
    }>,
    manner: ChangeRequest['manner'],
  ): ChangeRequest {
    const { body, query } = request
    return { ...asked(request), manner, body, reAuthenticate: query.reAuthenticate }
  }
}

interface Params {
  id: number
  keyOrId?: string
}

function show({ noted }: FastifyRequest, reply: FastifyReply, { instance, revision }: Shown) {
  noted.elementKey = instance.element.key
  reply.header('etag', `"${revision}"`)
  return instance
}
