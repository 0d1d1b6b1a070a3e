import { Type } from 'typebox'
import type { VendorRequest } from '../exchange/request.ts'
import { Template } from './type.ts'

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"

/** RFC 9110, section 5.6.2; cookies have such names too (RFC 6265, section 4.1.1). */
export const HeaderName = Type.String({ pattern: `^${token}$`, maxLength: 200 })

export const HeaderTemplates = Type.Record(Type.String({ pattern: `^${token}$` }), Template, {
  minProperties: 1,
  maxProperties: 50,
  additionalProperties: false,
})

/** The request with more headers; one that is there already is replaced. */
export function withHeaders(
  request: VendorRequest,
  headers: Iterable<readonly [name: string, value: string]>,
): VendorRequest {
  const all = { ...request.headers }
  for (const [name, value] of headers) all[name.toLowerCase()] = value
  return { ...request, headers: all }
}
