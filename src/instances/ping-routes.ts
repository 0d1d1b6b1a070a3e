import { type Static, Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { requireCallable } from './callable.ts'
import type { Access } from './change-request.ts'
import { pong } from './examples.ts'
import { findOwn } from './own.ts'
import { askedOf } from './place.ts'
import { verifyInstance } from './verify-stored.ts'

const Pong = Type.Object(
  {
    dateTime: Type.String({ format: 'date-time', description: 'Of the answer' }),
    endpoint: Type.String({ description: 'The key of the element' }),
  },
  {
    $id: 'Pong',
    description: 'The vendor accepts the instance',
    examples: [pong],
  },
)
type Pong = Static<typeof Pong>

const refused = refusals(
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'element-unknown',
  'instance-disabled',
  'instance-not-found',
  'instance-draft',
  'instance-busy',
  'reconnect-required',
  'destination-forbidden',
  'credentials-rejected',
  'credentials-insufficient',
  'vendor-misdirected',
  'secrets-required',
  'probes-busy',
  'header-too-large',
  'internal',
  'vendor-unreachable',
  'vendor-unexpected',
  'vendor-throttled',
  'unavailable',
  'vendor-late',
)

/** Whether the vendor accepts the instance whose token the header names; the hub does not matter. */
export function pingRoutes(app: Server, context: Context, access: Access) {
  app.addSchema(Pong)
  const hub = Type.Object({ hub: Type.String({ description: 'Any' }) })
  const places = [
    { path: '/ping', operationId: 'ping', params: Type.Object({}) },
    { path: '/hubs/:hub/ping', operationId: 'pingHub', params: hub },
  ]
  for (const { path, operationId, params } of places) {
    app.get(
      path,
      {
        schema: {
          operationId,
          summary: 'Try the instance of the token at its vendor',
          description: 'The Organization part may be left out.',
          tags: ['instances'],
          params,
          response: {
            200: Model<Pong>('Pong', {
              headers: {
                'Elements-Element-Instance-Id': Type.Integer({ description: 'The instance' }),
              },
            }),
            ...refused,
          },
        },
      },
      async (request, reply) => {
        const { instanceId } = request
        const asked = { ...askedOf(request, instanceId, access), ifMatch: undefined }
        reply.header('elements-element-instance-id', instanceId)
        const { row, element } = await findOwn(context, asked)
        request.noted.elementKey = element.key
        requireCallable(row)
        await verifyInstance(context, asked)
        return { dateTime: new Date().toISOString(), endpoint: element.key }
      },
    )
  }
}
