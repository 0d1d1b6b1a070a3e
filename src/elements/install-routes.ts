import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { showElement } from './answer.ts'
import { getElement } from './find.ts'
import { install, uninstall } from './install.ts'
import { changingRefusals, deedOf, elementParams } from './route-parts.ts'
import type { ElementAnswer } from './schema.ts'

const tags = ['elements']

/** What an organization uses of what there is; provisioning installs by itself. */
export function installRoutes(app: Server, context: Pick<Context, 'db' | 'elements'>) {
  app.put(
    '/elements/:keyOrId/installed',
    {
      schema: {
        operationId: 'installElement',
        summary: 'Install an element',
        description: 'At its current version. One that is installed stays as it is.',
        tags,
        params: elementParams,
        response: { 200: Model<ElementAnswer>('Element'), ...refusals(...changingRefusals) },
      },
    },
    async (request) => {
      const deed = deedOf(request)
      const find = () => getElement(context.elements, deed.organizationId, request.params.keyOrId)
      await install(context, deed, await find())
      return showElement(await find())
    },
  )

  app.delete(
    '/elements/:keyOrId/installed',
    {
      schema: {
        operationId: 'uninstallElement',
        summary: 'Uninstall an element',
        description: 'Refused while instances use it; they are named in `references`.',
        tags,
        params: elementParams,
        response: {
          200: Type.Null({ description: 'It is no longer installed' }),
          ...refusals(...changingRefusals, 'element-in-use', 'element-not-installed'),
        },
      },
    },
    async (request, reply) => {
      await uninstall(context, deedOf(request), request.params.keyOrId)
      return reply.send()
    },
  )
}
