import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Deed } from './changes-store.ts'

export const elementParams = Type.Object({
  keyOrId: Type.String({ description: 'The key or the id of an element' }),
})

/** Of a route that needs no access, and shows more with it. */
export const readable = {
  security: [{}, { access: [] }] as Record<string, string[]>[],
}

/** What any route may refuse. */
export const readingRefusals = [
  'parameters-invalid',
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'header-too-large',
  'internal',
  'unavailable',
] as const

/** What a route for admins may refuse besides. */
export const changingRefusals = [
  ...readingRefusals,
  'role-insufficient',
  'element-not-found',
] as const

/** What a route that takes a definition may refuse besides. */
export const definitionRefusals = [
  'body-invalid',
  'definition-invalid',
  'definition-too-large',
  'body-too-large',
  'media-type-unsupported',
] as const

/** A body that is described as what it is, and checked by who names every problem by its pointer. */
export const acceptAnyBody = () => () => true

export function deedOf({ principal, id: requestId, ip: address }: FastifyRequest): Deed {
  return {
    organizationId: principal.organizationId,
    userId: principal.user.id,
    requestId,
    address,
  }
}
