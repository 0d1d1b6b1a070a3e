import { type Authentication, typeOf } from '../authentication/authentication.ts'
import type { AuthenticationAnswer } from '../authentication/type.ts'
import { Unsignable } from '../authentication/unsignable.ts'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { RenderError } from '../exchange/template.ts'
import { Refusal } from '../http/errors.ts'

/** How a request gets its credentials. */
export type Sign = (
  request: VendorRequest,
  values: Values,
) => VendorRequest | Promise<VendorRequest>

/** Types whose proof covers the address: it is written then as they read it. */
const coversAddress: ReadonlySet<Authentication['type']> = new Set([
  'awsSignature4',
  'digest',
  'hmac',
  'jwt',
  'oauth1',
])

/** The request's address as it has to be for this authentication. */
export function addressFor({ type }: Authentication, url: string): string {
  return coversAddress.has(type) ? new URL(url).href : url
}

/** As the type of authentication does it. */
export function signPlainly(authentication: Authentication): Sign {
  return (request, values) => typeOf(authentication).sign(request, authentication, values)
}

/** As the answer to a challenge; undefined where it is none that can be answered. */
export function signFor(
  authentication: Authentication,
  answer: AuthenticationAnswer,
  sent: VendorRequest,
  unsigned: VendorRequest,
  values: Values,
) {
  return typeOf(authentication).signAgain?.(unsigned, authentication, values, answer, sent)
}

/** How it is told that a request cannot carry the credentials. */
export function unsignable(error: unknown): unknown {
  if (!(error instanceof RenderError)) return error
  const { key, message } = error
  const reason = error instanceof Unsignable ? message : `"${key}" ${message}`
  return new Refusal(
    'request-unsignable',
    `The request cannot carry the credentials of this instance: ${reason}. Send one that can, or change the instance.`,
  )
}
