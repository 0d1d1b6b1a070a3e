import { Type } from 'typebox'
import { Id } from '../http/schema.ts'

export const known = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }
export const params = Type.Object({ id: Id('The webhook', known) })
export const tags = ['webhooks']

/** What any of these routes may refuse. */
export const everyRefusal = [
  'parameters-invalid',
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'role-insufficient',
  'header-too-large',
  'internal',
  'unavailable',
] as const

/** What a route that takes a body may refuse besides. */
export const bodyRefusals = ['body-invalid', 'body-too-large', 'media-type-unsupported'] as const
