import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Id, Model } from '../http/schema.ts'
import type { OperatorDeed } from './organizations.ts'
import type { Organization } from './schema.ts'

export const tags = ['operator']
export const answered = Model<Organization>('Organization')

/** What any route of the operator's may refuse. */
export const everyRefusal = [
  'parameters-invalid',
  'access-missing',
  'operator-unknown',
  'route-not-found',
  'header-too-large',
  'internal',
  'unavailable',
] as const

export const known = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }
export const params = Type.Object({ id: Id('The organization', known) })

export function deedOf({ id: requestId, ip: address }: FastifyRequest): OperatorDeed {
  return { actor: 'operator', userId: null, requestId, address }
}
