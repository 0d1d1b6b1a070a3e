import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Access, InstanceRequest } from './change-request.ts'
import type { Shown } from './own.ts'

/** What a request asks of the instance with that id. */
export function askedOf(
  request: Pick<FastifyRequest, 'principal' | 'id' | 'ip' | 'noted'> & {
    headers: { 'if-match'?: string | undefined }
  },
  id: number,
  access: Access,
): InstanceRequest {
  const { principal, id: requestId, ip: address, noted, headers } = request
  noted.instanceId = id
  return {
    principal,
    requestId,
    address,
    id,
    keyInPath: undefined,
    ifMatch: headers['if-match'],
    access,
  }
}

/** The instance, with what the log and `If-Match` need to know of it. */
export function answer(
  { noted }: Pick<FastifyRequest, 'noted'>,
  reply: FastifyReply,
  { instance, revision }: Shown,
) {
  noted.elementKey = instance.element.key
  reply.header('etag', `"${revision}"`)
  return instance
}
