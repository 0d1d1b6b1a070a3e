import { Type } from 'typebox'
import { Refusal } from './errors.ts'
import { refusals } from './problem.ts'
import type { Server } from './server.ts'

const Ok = (description: string) => Type.Object({ status: Type.Literal('ok') }, { description })

/**
 * For load balancers and container engines: `/live` asks nobody, `/ready` asks `findObstacle`, which
 * answers a sentence where something keeps the service from working.
 */
export function healthRoutes(app: Server, findObstacle: () => Promise<string | undefined>) {
  const shared = { tags: ['service'], security: [] }
  app.get(
    '/live',
    {
      schema: {
        ...shared,
        operationId: 'getLive',
        summary: 'Whether the process runs',
        response: { 200: Ok('It does'), ...refusals('internal') },
      },
    },
    async () => ({ status: 'ok' as const }),
  )
  app.get(
    '/ready',
    {
      schema: {
        ...shared,
        operationId: 'getReady',
        summary: 'Whether the service can work',
        description:
          'Whether it reaches its database, whose schema and keys are the ones it needs.',
        response: { 200: Ok('It can'), ...refusals('unavailable', 'internal') },
      },
    },
    async () => {
      const obstacle = await findObstacle()
      if (obstacle) throw new Refusal('unavailable', { message: obstacle, retryAfter: 5 })
      return { status: 'ok' as const }
    },
  )
}
