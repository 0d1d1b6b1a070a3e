import { Type } from 'typebox'
import type { Db } from '../database/database.ts'
import { refusals } from './problem.ts'
import type { Server } from './server.ts'

/** For load balancers and container engines. */
export function healthRoutes(app: Server, { db }: { db: Db }) {
  app.get(
    '/health',
    {
      schema: {
        operationId: 'getHealth',
        summary: 'Whether the service can work',
        tags: ['service'],
        security: [],
        response: {
          200: Type.Object({ status: Type.Literal('ok') }, { description: 'It can' }),
          ...refusals('unavailable', 'internal'),
        },
      },
    },
    async () => {
      await db.pool.query('select 1')
      return { status: 'ok' as const }
    },
  )
}
