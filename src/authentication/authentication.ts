import { type Static, Type } from 'typebox'
import { basic } from './basic.ts'
import type { Values, VendorRequest } from './request.ts'
import { soap } from './soap.ts'

/** One of the ways in which a vendor may know us, as a definition states it. */
export const authenticationSchema = Type.Union([basic.schema, soap.schema])

export type Authentication = Static<typeof authenticationSchema>

/**
 * Puts the credentials where this type of authentication wants them.
 * @throws {RenderError} for a value that cannot stand there
 */
export function sign(
  request: VendorRequest,
  authentication: Authentication,
  values: Values,
): VendorRequest {
  if (authentication.type === 'basic') return basic.sign(request, authentication, values)
  return soap.sign(request, authentication, values)
}
