import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { deedOf } from '../access/deed.ts'
import type { Context } from '../context.ts'
import { cutPage, pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { cancelCall, requireCall } from './cancel.ts'
import { State, type StoredCall } from './schema.ts'
import { showCall, showWhole } from './show.ts'
import { listCalls } from './store.ts'

const tags = ['gateway']
const known = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }
const params = Type.Object({ id: Id('The call', known) })
const refused = [
  'parameters-invalid',
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'element-unknown',
  'header-too-large',
  'internal',
  'unavailable',
] as const

/** Calls that are sent when the limits let them through: what becomes of one's own. */
export function callRoutes(app: Server, context: Context) {
  app.get(
    '/calls',
    {
      schema: {
        operationId: 'listCalls',
        summary: 'List the calls that you sent with `Prefer: respond-async`',
        description: 'The newest first, without their answers; what is over is kept for 24 hours.',
        tags,
        querystring: Type.Object({
          ...pageParameters,
          instanceId: Type.Optional(Id('Those through that instance', known)),
          state: Type.Optional(State('Those in that state')),
        }),
        response: {
          200: Type.Array(Model<StoredCall>('StoredCall'), {
            headers: pageHeaders,
            description: 'A page of calls',
          }),
          ...refusals(...refused),
        },
      },
    },
    async ({ principal, query }, reply) => {
      const page = readPage(query)
      const { organizationId, user } = principal
      const found = await listCalls(context.db, {
        organizationId,
        userId: user.id,
        instanceId: query.instanceId,
        state: query.state,
        before: page.after,
        limit: page.pageSize + 1,
      })
      const { items, headers } = cutPage(found, page)
      return reply.headers(headers).send(items.map((stored) => showCall(stored)))
    },
  )

  app.get(
    '/calls/:id',
    {
      schema: {
        operationId: 'getCall',
        summary: 'See what has become of a call, and its answer',
        description:
          'Of one that you sent with `Prefer: respond-async`: its place in the queue while it waits, and the vendor’s answer for 24 hours. It is sent at least once: where a process ends in the middle, the vendor may get it twice, with the same idempotency header where the element names one.',
        tags,
        params,
        response: {
          200: Model<StoredCall>('StoredCall'),
          ...refusals('call-not-found', ...refused),
        },
      },
    },
    async (request) => showWhole(context, await requireCall(context, keyOf(request))),
  )

  app.delete(
    '/calls/:id',
    {
      schema: {
        operationId: 'cancelCall',
        summary: 'Cancel a call that has not been sent',
        description:
          'What is cancelled is not sent (again). Once its bytes are, or may be, on the way to the vendor, it is not called back.',
        tags,
        params,
        response: {
          200: Model<StoredCall>('StoredCall'),
          ...refusals('call-not-found', 'call-not-waiting', ...refused),
        },
      },
    },
    async (request) => showCall(await cancelCall(context, deedOf(request), request.params.id)),
  )
}

function keyOf({
  principal,
  params,
}: Pick<FastifyRequest, 'principal'> & { params: { id: number } }) {
  return { organizationId: principal.organizationId, id: params.id, userId: principal.user.id }
}
