import { type Static, Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import type { Access } from './change-request.ts'
import { reassignInstance } from './owner.ts'
import { answer, askedOf } from './place.ts'
import type { Instance } from './schema.ts'

const bounds = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }

export const InstanceOwner = Type.Object(
  { user: Id('Whose it is to be: an active user of the organization', bounds) },
  { $id: 'InstanceOwner', description: 'Whose an instance is', examples: [{ user: 12 }] },
)
type InstanceOwner = Static<typeof InstanceOwner>

/** Giving an instance to another user. */
export function ownerRoutes(app: Server, context: Context, access: Access) {
  app.addSchema(InstanceOwner)
  app.put(
    '/instances/:id/owner',
    {
      schema: {
        operationId: 'reassignInstance',
        summary: 'Give an instance to another user',
        description:
          'For admins of the organization. Its token stays the same, and only the new owner may use it from then on.',
        tags: ['instances'],
        params: Type.Object({ id: Id('The instance', bounds) }),
        headers: Type.Object({
          'if-match': Type.Optional(
            Type.String({
              description: 'The `ETag` of what is changed. Left out: whatever is there',
            }),
          ),
        }),
        body: Model<InstanceOwner>('InstanceOwner'),
        response: {
          200: Model<Instance>('Instance', {
            headers: { ETag: Type.String({ description: 'Counts the changes that people made' }) },
          }),
          ...refusals(
            'parameters-invalid',
            'body-invalid',
            'body-too-large',
            'media-type-unsupported',
            'access-missing',
            'user-unknown',
            'organization-unknown',
            'role-insufficient',
            'instance-not-found',
            'instance-busy',
            'instance-changed',
            'header-too-large',
            'internal',
            'unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const asked = askedOf(request, request.params.id, access)
      return answer(request, reply, await reassignInstance(context, asked, request.body.user))
    },
  )
}
