import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { deedOf } from '../access/deed.ts'
import type { Deed } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { cutPage, pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { instanceNotFound } from '../instances/find.ts'
import { findOwn } from '../instances/own.ts'
import { CallLogRequest, CallLogState, LoggedCall } from './call-log-schema.ts'
import { listCalls, setCallLog } from './call-log-store.ts'

const tags = ['instances']
const url = '/instances/:id/call-log'
const params = Type.Object({
  id: Id('The instance', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
})
const refused = [
  'parameters-invalid',
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'instance-not-found',
  'header-too-large',
  'internal',
  'unavailable',
] as const

type Asked = Pick<FastifyRequest, 'principal' | 'noted'> & { params: { id: number } }

/** Keeps the calls through an instance for a while, for its owner to look at. */
export function callLogRoutes(app: Server, context: Context) {
  for (const model of [CallLogRequest, CallLogState, LoggedCall]) app.addSchema(model)

  app.put(
    url,
    {
      schema: {
        operationId: 'startCallLog',
        summary: 'Keep the calls through an instance for a while',
        description:
          'Off by default. Its calls are kept without secrets for 24 hours, the latest 1,000 of them and 10 MiB at most; under load some may be left out. Said again, the time begins anew.',
        tags,
        params,
        body: Model<{ minutes: number }>('CallLogRequest'),
        response: {
          200: Model<{ until: string }>('CallLogState'),
          ...refusals(...refused, 'body-invalid', 'body-too-large', 'media-type-unsupported'),
        },
      },
    },
    async (request) => {
      const until = await turn(context, request, deedOf(request), request.body.minutes)
      return { until: until!.toISOString() }
    },
  )

  app.delete(
    url,
    {
      schema: {
        operationId: 'endCallLog',
        summary: 'Keep no more calls through an instance',
        description: 'What was kept stays to be read, to the end of its 24 hours.',
        tags,
        params,
        response: {
          200: Type.Object({}, { description: 'It is off' }),
          ...refusals(...refused),
        },
      },
    },
    async (request) => {
      await turn(context, request, deedOf(request), 0)
      return {}
    },
  )

  app.get(
    url,
    {
      schema: {
        operationId: 'listLoggedCalls',
        summary: 'List calls that were kept',
        description: 'The newest first; a call is there a second or two after its end.',
        tags,
        params,
        querystring: Type.Object(pageParameters),
        response: {
          200: Type.Array(Model<object>('LoggedCall'), {
            headers: pageHeaders,
            description: 'A page of calls',
          }),
          ...refusals(...refused),
        },
      },
    },
    async (request, reply) => {
      const { row } = await findOwn(context, askedOf(request))
      const page = readPage(request.query)
      const range = { before: page.after, limit: page.pageSize + 1 }
      const { items, headers } = cutPage(await listCalls(context.db, row, range), page)
      return reply.headers(headers).send(items.map(({ id, content }) => ({ id, ...content })))
    },
  )
}

async function turn(context: Context, request: Asked, deed: Deed, minutes: number) {
  const { row } = await findOwn(context, askedOf(request))
  const set = await setCallLog(context.db, row, minutes, deed)
  if (!set) throw instanceNotFound(row.id)
  return set.until
}

function askedOf({ principal, noted, params }: Asked) {
  noted.instanceId = params.id
  return { principal, id: params.id, keyInPath: undefined, ifMatch: undefined }
}
