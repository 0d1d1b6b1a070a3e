import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { showElement, showEntries, showMetadata } from './answer.ts'
import { getElement } from './find.ts'
import { listElements } from './list.ts'
import { elementParams, readable, readingRefusals } from './route-parts.ts'
import type { ConfigurationEntry, ElementAnswer, ElementKey, ElementMetadata } from './schema.ts'

const listHeaders = {
  ...pageHeaders,
  'Elements-Total-Count': Type.Integer({ description: 'How many pass the filter' }),
}

const filters = Type.Object({
  hub: Type.Optional(Type.String({ maxLength: 50, description: 'Of this category' })),
  searchText: Type.Optional(
    Type.String({ maxLength: 255, description: 'In key, name or description' }),
  ),
  installed: Type.Optional(
    Type.Boolean({ description: 'Whether your organization uses them; without access none is' }),
  ),
  ...pageParameters,
})

const shared = { ...readable, tags: ['elements'] }
const known = refusals(...readingRefusals, 'element-not-found')

/** The catalogue; with access, the organization's own elements too. */
export function catalogueRoutes(app: Server, { elements }: Pick<Context, 'elements'>) {
  app.get(
    '/elements',
    {
      schema: {
        ...shared,
        operationId: 'listElements',
        summary: 'List elements',
        description: 'In the order of their ids, each with the configuration that it asks for.',
        querystring: filters,
        response: {
          200: Type.Array(Model<ElementAnswer>('Element'), {
            headers: listHeaders,
            description: 'A page of elements',
          }),
          ...refusals(...readingRefusals),
        },
      },
    },
    async ({ visitor, query }, reply) => {
      const { items, headers } = await listElements(elements, visitor?.organizationId, query)
      const loaded = await elements.load(visitor?.organizationId, items)
      return reply.headers(headers).send(loaded.map(showElement))
    },
  )

  app.get(
    '/elements/keys',
    {
      schema: {
        ...shared,
        operationId: 'listElementKeys',
        summary: 'List the keys of elements',
        querystring: filters,
        response: {
          200: Type.Array(Model<ElementKey>('ElementKey'), {
            headers: listHeaders,
            description: 'A page of keys',
          }),
          ...refusals(...readingRefusals),
        },
      },
    },
    async ({ visitor, query }, reply) => {
      const { items, headers } = await listElements(elements, visitor?.organizationId, query)
      const keys = items.map(({ id, key, name, hub }) => ({ id, key, name, hub }))
      return reply.headers(headers).send(keys)
    },
  )

  app.get(
    '/elements/metadata',
    {
      schema: {
        ...shared,
        operationId: 'listElementMetadata',
        summary: 'List what elements support',
        querystring: filters,
        response: {
          200: Type.Array(Model<ElementMetadata>('ElementMetadata'), {
            headers: listHeaders,
            description: 'A page of them',
          }),
          ...refusals(...readingRefusals),
        },
      },
    },
    async ({ visitor, query }, reply) => {
      const { items, headers } = await listElements(elements, visitor?.organizationId, query)
      const loaded = await elements.load(visitor?.organizationId, items)
      return reply.headers(headers).send(loaded.map(showMetadata))
    },
  )

  app.get(
    '/elements/:keyOrId',
    {
      schema: {
        ...shared,
        operationId: 'getElement',
        summary: 'Read an element',
        params: elementParams,
        response: { 200: Model<ElementAnswer>('Element'), ...known },
      },
    },
    async ({ visitor, params }) =>
      showElement(await getElement(elements, visitor?.organizationId, params.keyOrId)),
  )

  app.get(
    '/elements/:keyOrId/configuration',
    {
      schema: {
        ...shared,
        operationId: 'getElementConfiguration',
        summary: 'List what an element asks for',
        params: elementParams,
        response: {
          200: Type.Array(Model<ConfigurationEntry>('ConfigurationEntry'), {
            description: 'All of its entries, in the order of its form',
          }),
          ...known,
        },
      },
    },
    async ({ visitor, params }) => {
      const { element } = await getElement(elements, visitor?.organizationId, params.keyOrId)
      return showEntries(element)
    },
  )

  app.get(
    '/elements/:keyOrId/metadata',
    {
      schema: {
        ...shared,
        operationId: 'getElementMetadata',
        summary: 'Read what an element supports',
        params: elementParams,
        response: { 200: Model<ElementMetadata>('ElementMetadata'), ...known },
      },
    },
    async ({ visitor, params }) =>
      showMetadata(await getElement(elements, visitor?.organizationId, params.keyOrId)),
  )
}
