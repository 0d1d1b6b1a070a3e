import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { changingRefusals, deedOf, elementParams } from '../elements/route-parts.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { applyUpdate, describeUpdate } from './update.ts'
import { type ElementUpdate, type ElementUpdated, updateModels } from './update-schema.ts'

const tags = ['elements']

/** Updates of installed elements, for admins. */
export function updateRoutes(app: Server, context: Pick<Context, 'db' | 'elements'>) {
  for (const model of updateModels) app.addSchema(model)

  app.get(
    '/elements/:keyOrId/update',
    {
      schema: {
        operationId: 'getElementUpdate',
        summary: 'Read what an update of an element would change',
        description:
          'Names the instances that it would break. Their secrets are not opened: whether the new version can send what they hold shows when they are next used.',
        tags,
        params: elementParams,
        response: {
          200: Model<ElementUpdate>('ElementUpdate'),
          ...refusals(...changingRefusals, 'element-not-installed'),
        },
      },
    },
    async ({ principal, params }) =>
      describeUpdate(context, principal.organizationId, params.keyOrId),
  )

  app.put(
    '/elements/:keyOrId/update',
    {
      schema: {
        operationId: 'updateElement',
        summary: 'Update an element and its instances',
        description:
          'New instances get the current version, and those that there are move to it. Refused with nothing changed where it would break some, unless those are to be kept as they are.',
        tags,
        params: elementParams,
        querystring: Type.Object({
          keep: Type.Boolean({
            default: false,
            description: 'Whether instances that it would break stay at their version',
          }),
        }),
        response: {
          200: Model<ElementUpdated>('ElementUpdated'),
          ...refusals(...changingRefusals, 'element-not-installed', 'element-update-breaks'),
        },
      },
    },
    async (request) => {
      const { params, query } = request
      return applyUpdate(context, deedOf(request), params.keyOrId, query.keep)
    },
  )
}
