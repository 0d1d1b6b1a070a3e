import type { FastifyRequest } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { deedOf } from '../access/deed.ts'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { sharedLimited } from './limited-by.ts'
import { readShared } from './live.ts'
import { addShared, getShared, listPage, removeShared, replaceShared } from './shared.ts'
import { type SharedKind, sharedKinds } from './shared-kind.ts'
import type { KnownShared, SharedTerms } from './shared-store.ts'

const everyRefusal = [
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'header-too-large',
  'internal',
  'unavailable',
] as const
const writingRefusals = [
  'body-invalid',
  'role-insufficient',
  'body-too-large',
  'media-type-unsupported',
] as const

/** What the routes of one kind are made of. */
interface SharedRoutes<Kind extends SharedKind> {
  kind: Kind
  path: string
  /** How operations and models are named. */
  noun: string
  models: { answer: TSchema; request: TSchema; replacement: TSchema }
  /** What is told of the kind where it is made. */
  description: string
  /** What the body of a request says of the terms. */
  read(body: Record<string, unknown>): Partial<SharedTerms[Kind]>
  /** What is taken for terms that a new one leaves out. */
  defaults: Partial<SharedTerms[Kind]>
}

interface Body {
  name: string
  shared?: boolean
  [term: string]: unknown
}

/** Reads and writes of what instances share, the same for each kind. */
export function sharedRoutes<Kind extends SharedKind>(
  app: Server,
  context: Context,
  parts: SharedRoutes<Kind>,
) {
  const { kind, path, noun, models, read, defaults } = parts
  const { one, inUse, missing } = sharedKinds[kind]
  const many = `${one}s`
  const tags = [many]
  const params = Type.Object({ id: Id(`The ${one}`, { minimum: 1, maximum: 2 ** 53 - 1 }) })
  const answered = Model<object>(nameOf(models.answer))

  app.register(async (shared: Server) => {
    for (const model of Object.values(models)) shared.addSchema(model)

    shared.get(
      path,
      {
        schema: {
          operationId: `list${noun}s`,
          summary: `List ${many}`,
          description:
            'Own ones and shared ones, in the order of their ids; all of them for an admin.',
          tags,
          querystring: Type.Object(pageParameters),
          response: {
            200: Type.Array(answered, { headers: pageHeaders, description: `A page of ${many}` }),
            ...refusals('parameters-invalid', ...everyRefusal),
          },
        },
      },
      async (request, reply) => {
        const page = readPage(request.query)
        const { items, headers } = await listPage(context, request.principal, kind, page)
        return reply.headers(headers).send(items.map(show))
      },
    )

    shared.get(
      `${path}/:id`,
      {
        schema: {
          operationId: `get${noun}`,
          summary: `Read a ${one}`,
          description: 'With how full it is right now, over all replicas, as `live`.',
          tags,
          params,
          response: { 200: answered, ...refusals('parameters-invalid', missing, ...everyRefusal) },
        },
      },
      async ({ principal, params }) => {
        const found = await getShared(context, principal, kind, params.id)
        return { ...show(found), live: await readShared(context, principal, found) }
      },
    )

    shared.post(
      path,
      {
        schema: {
          operationId: `create${noun}`,
          summary: `Make a ${one}`,
          description: parts.description,
          tags,
          body: Model<Body>(nameOf(models.request)),
          response: { 200: answered, ...refusals(...writingRefusals, ...everyRefusal) },
        },
      },
      async (request) => {
        const { name, shared = false } = request.body
        const terms = { ...defaults, ...read(request.body) } as SharedTerms[Kind]
        return show(await addShared(context, kind, asked(request), { name, shared, terms }))
      },
    )

    shared.put(
      `${path}/:id`,
      {
        schema: {
          operationId: `replace${noun}`,
          summary: `Change a ${one}`,
          description: 'In force at once, for calls that wait already as well.',
          tags,
          params,
          body: Model<Partial<Body>>(nameOf(models.replacement)),
          response: {
            200: answered,
            ...refusals('parameters-invalid', missing, inUse, ...writingRefusals, ...everyRefusal),
          },
        },
      },
      async (request) => {
        const { name, shared } = request.body
        const given = { name, shared, terms: read(request.body) }
        const changed = await replaceShared(context, kind, asked(request), request.params.id, given)
        await context.limiter.heed(sharedLimited(changed))
        return show(changed)
      },
    )

    shared.delete(
      `${path}/:id`,
      {
        schema: {
          operationId: `delete${noun}`,
          summary: `Delete a ${one}`,
          description: 'Refused while instances name it; they are named in `references`.',
          tags,
          params,
          response: {
            200: Type.Object({}, { description: 'It is gone' }),
            ...refusals('parameters-invalid', 'role-insufficient', missing, inUse, ...everyRefusal),
          },
        },
      },
      async (request) => {
        await removeShared(context, kind, asked(request), request.params.id)
        return {}
      },
    )
  })
}

function show({ terms, ...found }: KnownShared): object {
  const { id, name, shared, instances, userId, emailAddress, firstName, lastName } = found
  return {
    id,
    name,
    ...terms,
    shared,
    instances,
    user: { id: userId, emailAddress, firstName, lastName },
    createdDate: found.createdAt.toISOString(),
    updatedDate: found.updatedAt.toISOString(),
  }
}

function asked(request: FastifyRequest) {
  return { principal: request.principal, deed: deedOf(request) }
}

function nameOf(model: TSchema): string {
  return (model as { $id?: string }).$id!
}
