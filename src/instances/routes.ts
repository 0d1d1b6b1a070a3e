import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { once } from './idempotency.ts'
import { type ProvisionRequest, provision } from './provision.ts'
import { credentialRefusals } from './refusals.ts'
import { findElement } from './request.ts'
import {
  type ElementInstanceRequest,
  type Instance,
  type InstanceRequest,
  models,
} from './schema.ts'
import { seeInstance } from './see.ts'

const provisionRefusals = refusals(
  ...credentialRefusals,
  'idempotency-key-invalid',
  'request-in-progress',
  'idempotency-key-reused',
  'outcome-unknown',
)

const headers = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        'The same key and body answer the same for 24 hours, and provision once however often they are sent',
    }),
  ),
})

const answered = Model<Instance>('Instance', {
  headers: { ETag: Type.String({ description: 'Counts the changes that people made' }) },
})
const responses = { 200: answered, ...provisionRefusals }

/** Nobody remembers what was not there. */
const config = { fenced: false }

/** Provisioning and reading instances. */
export function instanceRoutes(app: Server, context: Context) {
  for (const model of models) app.addSchema(model)

  app.post(
    '/instances',
    {
      config,
      schema: {
        operationId: 'createInstance',
        summary: 'Provision an instance',
        description:
          'Checks the configuration, tries the credentials live at the vendor, and stores the instance only if the vendor accepts them.',
        tags: ['instances'],
        headers,
        body: Model<InstanceRequest>('InstanceRequest'),
        response: responses,
      },
    },
    async (request, reply) => {
      const answer = await provisionOnce(request, undefined, (instance) =>
        serialize(reply, instance),
      )
      return sendProvisioned(reply, answer)
    },
  )

  app.post(
    '/elements/:keyOrId/instances',
    {
      config,
      schema: {
        operationId: 'createElementInstance',
        summary: 'Provision an instance of this element',
        description: 'Does what `POST /instances` does, with the element named by the path.',
        tags: ['instances'],
        headers,
        params: Type.Object({
          keyOrId: Type.String({ description: 'The key or the id of an element' }),
        }),
        body: Model<ElementInstanceRequest>('ElementInstanceRequest'),
        response: responses,
      },
    },
    async (request, reply) => {
      const { keyOrId } = request.params
      const answer = await provisionOnce(request, keyOrId, (instance) => serialize(reply, instance))
      return sendProvisioned(reply, answer)
    },
  )

  app.get(
    '/instances/:id',
    {
      schema: {
        operationId: 'getInstance',
        summary: 'Read an instance',
        description:
          "An own one; admins of the organization also another user's, whose token reads `********`.",
        tags: ['instances'],
        params: Type.Object({
          id: Id('The instance', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
        }),
        response: {
          200: answered,
          ...refusals(
            'parameters-invalid',
            'access-missing',
            'user-unknown',
            'organization-unknown',
            'instance-not-found',
            'header-too-large',
            'internal',
            'unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      request.noted.instanceId = request.params.id
      const found = await seeInstance(context, request.principal, request.params.id)
      reply.header('etag', `"${found.revision}"`)
      request.noted.elementKey = found.instance.element.key
      return found.instance
    },
  )

  /** Without a key nothing of idempotency is paid for. */
  async function provisionOnce(
    request: FastifyRequest<{
      Headers: { 'idempotency-key'?: string }
      Body: ElementInstanceRequest
    }>,
    keyInPath: string | undefined,
    serialized: (instance: Instance) => string,
  ): Promise<Instance | string> {
    const { principal, id: requestId, ip: address, body, noted } = request
    const note: ProvisionRequest['note'] = (known) => Object.assign(noted, known)
    const asked = { principal, requestId, address, keyInPath, body, note }
    const key = request.headers['idempotency-key']
    if (key === undefined) return provision(context, asked)
    const { organizationId } = principal
    const known = await findElement(context.elements, organizationId, keyInPath, body)
    const route = keyInPath ? `POST /elements/${known.key}/instances` : 'POST /instances'
    return once(context, { principal, route, key, body }, serialized, (store) =>
      provision(context, asked, store),
    )
  }
}

function serialize(reply: FastifyReply, instance: Instance): string {
  return reply.serialize(instance) as string
}

/** A kept answer goes out byte for byte as it did the first time. */
function sendProvisioned(reply: FastifyReply, answer: Instance | string) {
  reply.header('etag', '"1"')
  if (typeof answer === 'string') reply.type('application/json; charset=utf-8')
  return reply.send(answer)
}
