import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { listAudit } from './list.ts'
import { AuditEntry, auditParameters } from './schema.ts'

/** Who did what; there is no route that changes it. Who may read all of it is told from above. */
export function auditRoutes(
  app: Server,
  context: Pick<Context, 'db'>,
  readsAll: (principal: FastifyRequest['principal']) => boolean,
) {
  // In a scope of its own: every model costs every route that sees it, when the service starts.
  app.register(async (audit: Server) => {
    audit.addSchema(AuditEntry)
    audit.get(
      '/audit',
      {
        schema: {
          operationId: 'listAuditEntries',
          summary: 'Read the audit',
          description:
            'The latest first: everything in the organization for an admin; for other users what they did, and what others did to what is theirs. All filters must hold.',
          tags: ['audit'],
          querystring: Type.Object({ ...auditParameters, ...pageParameters }),
          response: {
            200: Type.Array(Model<AuditEntry>('AuditEntry'), {
              headers: pageHeaders,
              description: 'A page of entries',
            }),
            ...refusals(
              'parameters-invalid',
              'access-missing',
              'user-unknown',
              'organization-unknown',
              'header-too-large',
              'internal',
              'unavailable',
            ),
          },
        },
      },
      async (request, reply) => {
        const { principal, query } = request
        const reader = { ...principal, everything: readsAll(principal) }
        const { entries, headers } = await listAudit(context, reader, query)
        return reply.headers(headers).send(entries)
      },
    )
  })
}
