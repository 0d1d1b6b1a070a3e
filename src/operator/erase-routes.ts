import { Type } from 'typebox'
import { eraseUser } from '../access/erase.ts'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { eraseOrganization } from './erase.ts'
import { deedOf, everyRefusal, known, params, tags } from './route-parts.ts'
import type { Erasure } from './schema.ts'

/** How long an erasure may hold its request up; the rest goes in the background. */
const deadlineMs = 5_000

const userParams = Type.Object({ ...params.properties, userId: Id('The user', known) })
const erasure = Model<Erasure>('Erasure')

/** Organizations and users, erased. */
export function eraseRoutes(app: Server, context: Context) {
  app.delete(
    '/operator/organizations/:id',
    {
      schema: {
        operationId: 'eraseOrganization',
        summary: 'Erase an organization',
        description:
          'First its keys, so that nothing of it opens any more; then its rows. It cannot be undone.',
        tags,
        params,
        response: { 200: erasure, ...refusals('organization-not-found', ...everyRefusal) },
      },
    },
    async (request) => {
      const asked = { organizationId: request.params.id, deed: deedOf(request) }
      return { state: await eraseOrganization(context, { ...asked, deadlineMs }) }
    },
  )

  app.delete(
    '/operator/organizations/:id/users/:userId',
    {
      schema: {
        operationId: 'eraseUser',
        summary: 'Erase a user',
        description:
          'With their instances, certificates and app profiles, unless somebody else is to have those. The audit keeps what they did under their id alone. It cannot be undone.',
        tags,
        params: userParams,
        querystring: Type.Object({
          reassignTo: Type.Optional(Id('The user who has from then on what is not erased', known)),
        }),
        response: {
          200: erasure,
          ...refusals('user-not-found', 'last-admin', 'user-sharing', ...everyRefusal),
        },
      },
    },
    async (request) => {
      const { id: organizationId, userId } = request.params
      const { reassignTo } = request.query
      const asked = { organizationId, userId, reassignTo, deed: deedOf(request) }
      return { state: await eraseUser(context, asked, deadlineMs) }
    },
  )
}
