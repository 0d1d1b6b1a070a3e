import { type Static, type TSchema, Type } from 'typebox'
import { apiKey } from './api-key.ts'
import { awsSignature4 } from './aws-signature4.ts'
import { basic } from './basic.ts'
import { bearer } from './bearer.ts'
import { body } from './body.ts'
import { certificate } from './certificate.ts'
import { digest } from './digest.ts'
import { headers } from './headers.ts'
import { hmac } from './hmac.ts'
import { jwt } from './jwt.ts'
import { none } from './none.ts'
import { oauth1 } from './oauth1.ts'
import { oauth2 } from './oauth2.ts'
import { session } from './session.ts'
import { soap } from './soap.ts'
import type { AuthenticationType } from './type.ts'
import { usernameToken } from './username-token.ts'

/** One of the ways in which a vendor may know us, as a definition states it. */
export const authenticationSchema = Type.Union([
  none.schema,
  basic.schema,
  digest.schema,
  apiKey.schema,
  bearer.schema,
  headers.schema,
  body.schema,
  hmac.schema,
  awsSignature4.schema,
  jwt.schema,
  soap.schema,
  usernameToken.schema,
  session.schema,
  oauth1.schema,
  oauth2.schema,
  certificate.schema,
])

export type Authentication = Static<typeof authenticationSchema>

const types: {
  [Name in Authentication['type']]: AuthenticationType<Extract<Authentication, { type: Name }>> & {
    schema: TSchema
  }
} = {
  none,
  basic,
  digest,
  apiKey,
  bearer,
  headers,
  body,
  hmac,
  awsSignature4,
  jwt,
  soap,
  usernameToken,
  session,
  oauth1,
  oauth2,
  certificate,
}

/** How a definition's authentication works. */
export function typeOf<A extends Authentication>({ type }: A): AuthenticationType<A> {
  return types[type] as unknown as AuthenticationType<A>
}

/** By what an instance says which of an element's authentications it uses. */
export function keyOf({ key, type }: Authentication): string {
  return key ?? type
}
