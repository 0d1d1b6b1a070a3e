import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import type { Access } from './change-request.ts'
import { changeEntry, getEntry, listEntries } from './entries.ts'
import { entryModels, type InstanceEntry, type InstanceEntryChange } from './entries-schema.ts'
import { askedOf } from './place.ts'
import { credentialRefusals } from './refusals.ts'

const known = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }
const id = Id('The instance', known)
const configId = Id('The entry', known)
const ETag = { ETag: Type.String({ description: 'Of the instance' }) }
const entry = Model<InstanceEntry>('InstanceEntry', { headers: ETag })
const tags = ['instances']
const reading = [
  'parameters-invalid',
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'instance-not-found',
  'header-too-large',
  'internal',
  'unavailable',
] as const
const changing = [
  ...credentialRefusals,
  'parameters-invalid',
  'instance-not-found',
  'instance-entry-not-found',
  'instance-busy',
  'instance-changed',
  'reconnect-required',
  'outcome-unknown',
] as const

/** The entries of the configuration of an instance, found by its id. */
export function entryRoutes(app: Server, context: Context, access: Access) {
  for (const model of entryModels) app.addSchema(model)
  routesAt(app, context, access, {
    path: '/instances/:id',
    suffix: '',
    what: 'an instance',
    params: { id },
    refused: [],
    idOf: ({ params }) => (params as { id: number }).id,
  })
}

/** The same for the instance whose token the header names. */
export function ownEntryRoutes(app: Server, context: Context, access: Access) {
  routesAt(app, context, access, {
    path: '/instances',
    suffix: 'OfToken',
    what: 'the instance of the token',
    params: {},
    refused: ['element-unknown'],
    idOf: ({ instanceId }) => instanceId,
  })
}

interface Place {
  path: string
  suffix: string
  what: string
  params: { id?: typeof id }
  refused: 'element-unknown'[]
  idOf(request: Pick<FastifyRequest, 'params' | 'instanceId'>): number
}

function routesAt(app: Server, context: Context, access: Access, place: Place) {
  const { path, suffix, what, params, refused, idOf } = place

  app.get(
    `${path}/configuration`,
    {
      schema: {
        operationId: `listInstanceEntries${suffix}`,
        summary: `Read the configuration of ${what}, entry by entry`,
        tags,
        params: Type.Object(params),
        response: {
          200: Type.Array(Model<InstanceEntry>('InstanceEntry'), {
            headers: ETag,
            description: 'Every entry that the element shows',
          }),
          ...refusals(...reading, ...refused),
        },
      },
    },
    async (request, reply) => {
      const { entries, revision } = await listEntries(context, asked(request))
      reply.header('etag', `"${revision}"`)
      return entries
    },
  )

  app.get(
    `${path}/configuration/:configId`,
    {
      schema: {
        operationId: `getInstanceEntry${suffix}`,
        summary: `Read one entry of the configuration of ${what}`,
        tags,
        params: Type.Object({ ...params, configId }),
        response: {
          200: entry,
          ...refusals(...reading, 'instance-entry-not-found', ...refused),
        },
      },
    },
    async (request, reply) => {
      const found = await getEntry(context, asked(request), configOf(request))
      reply.header('etag', `"${found.revision}"`)
      return found.entry
    },
  )

  app.patch(
    `${path}/configuration/:configId`,
    {
      schema: {
        operationId: `updateInstanceEntry${suffix}`,
        summary: `Change one entry of the configuration of ${what}`,
        description:
          'Takes effect at once. What goes to the vendor is proved there before it is stored, as with `PATCH /instances/{id}`.',
        tags,
        params: Type.Object({ ...params, configId }),
        headers: Type.Object({
          'if-match': Type.Optional(Type.String({ description: 'The `ETag` of the instance' })),
        }),
        body: Model<InstanceEntryChange>('InstanceEntryChange'),
        response: { 200: entry, ...refusals(...changing, ...refused) },
      },
    },
    async (request, reply) => {
      const { body } = request
      const changed = await changeEntry(context, asked(request), configOf(request), body)
      reply.header('etag', `"${changed.revision}"`)
      return changed.entry
    },
  )

  const asked = (request: Parameters<typeof askedOf>[0] & Parameters<typeof idOf>[0]) =>
    askedOf(request, idOf(request), access)
}

function configOf({ params }: Pick<FastifyRequest, 'params'>): number {
  return (params as { configId: number }).configId
}
