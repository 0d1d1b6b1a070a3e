import type { FastifyRequest } from 'fastify'

/** Who asks, from where and in which request, for the audit. */
export function deedOf({ principal, id: requestId, ip: address }: FastifyRequest) {
  const { organizationId, user } = principal
  return { organizationId, userId: user.id, requestId, address }
}
