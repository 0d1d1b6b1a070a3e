import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model, NullableString } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { findOwn } from '../instances/own.ts'
import { listStates } from './history-store.ts'

const InstanceState = Type.Object(
  {
    state: Type.String({ description: 'As the `state` of the instance' }),
    reason: NullableString({ description: 'Why, in plain words' }),
    since: Type.String({ format: 'date-time' }),
  },
  {
    $id: 'InstanceState',
    description: 'A state that an instance came to',
    examples: [
      {
        state: 'failed',
        reason: 'The vendor refuses the password.',
        since: '2026-02-01T09:30:00.000Z',
      },
    ],
  },
)

/** How an instance has fared. */
export function historyRoutes(app: Server, context: Context) {
  app.addSchema(InstanceState)
  app.get(
    '/instances/:id/states',
    {
      schema: {
        operationId: 'listInstanceStates',
        summary: 'List the states that an instance came to',
        description: 'The newest first, fifty at most, without the one that it was created with.',
        tags: ['instances'],
        params: Type.Object({
          id: Id('The instance', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
        }),
        response: {
          200: Type.Array(
            Model<{ state: string; reason: string | null; since: string }>('InstanceState'),
            {
              description: 'Its states',
            },
          ),
          ...refusals(
            'parameters-invalid',
            'access-missing',
            'user-unknown',
            'organization-unknown',
            'instance-not-found',
            'header-too-large',
            'internal',
            'unavailable',
          ),
        },
      },
    },
    async ({ principal, noted, params: { id } }) => {
      noted.instanceId = id
      const asked = { principal, id, keyInPath: undefined, ifMatch: undefined }
      const { row } = await findOwn(context, asked)
      const states = await listStates(context.db, row)
      return states.map(({ since, ...state }) => ({ ...state, since: since.toISOString() }))
    },
  )
}
