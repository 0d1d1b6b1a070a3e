import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import type { Elements } from './elements.ts'
import { hubOf } from './hubs.ts'
import { readable, readingRefusals } from './route-parts.ts'
import type { Hub } from './schema.ts'

const shared = { ...readable, tags: ['elements'] }

/** The categories of elements. */
export function hubRoutes(app: Server, { elements }: Pick<Context, 'elements'>) {
  app.get(
    '/hubs',
    {
      schema: {
        ...shared,
        operationId: 'listHubs',
        summary: 'List the categories of elements',
        response: {
          200: Type.Array(Model<Hub>('Hub'), { description: 'All that have an element' }),
          ...refusals(...readingRefusals),
        },
      },
    },
    async ({ visitor }) => listHubs(elements, visitor?.organizationId),
  )

  app.get(
    '/hubs/:key',
    {
      schema: {
        ...shared,
        operationId: 'getHub',
        summary: 'Read a category of elements',
        params: Type.Object({ key: Type.String() }),
        response: {
          200: Model<Hub>('Hub'),
          ...refusals(...readingRefusals, 'hub-not-found'),
        },
      },
    },
    async ({ visitor, params }) => {
      const hubs = await listHubs(elements, visitor?.organizationId)
      const found = hubs.find(({ key }) => key === params.key)
      if (found) return found
      throw new Refusal('hub-not-found', {
        message: 'No element is of this hub. See GET /hubs.',
        choices: hubs.map(({ key }) => key),
      })
    },
  )
}

async function listHubs(elements: Elements, organizationId: number | undefined): Promise<Hub[]> {
  const byHub = Map.groupBy(await elements.list(organizationId), ({ hub }) => hub)
  return [...byHub]
    .map(([key, { length }]) => ({ key, name: hubOf(key).name, elements: length }))
    .sort((one, other) => (one.key < other.key ? -1 : 1))
}
