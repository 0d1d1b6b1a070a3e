import { Type } from 'typebox'
import { Id } from '../http/schema.ts'

const known = { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }

export const userParams = Type.Object({
  idOrEmail: Type.String({ description: 'The id or the e-mail address of a user' }),
})
export const accountParams = Type.Object({ id: Id('The account', known) })

/** By which a caller who is known already proves to be the person. */
export const passwordHeader = Type.Object({
  'elements-user-password': Type.Optional(
    Type.String({ description: "The user's password, in UTF-8" }),
  ),
})

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

/** What a route that takes a body may refuse besides. */
export const bodyRefusals = ['body-invalid', 'body-too-large', 'media-type-unsupported'] as const

/** Where a password has to be known. */
export const proofRefusals = ['password-wrong', 'sign-in-slowed', 'passwords-busy'] as const
