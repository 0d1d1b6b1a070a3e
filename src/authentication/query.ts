import { Type } from 'typebox'
import type { VendorRequest } from '../exchange/request.ts'
import { Template } from './type.ts'

export const QueryTemplates = Type.Record(Type.String(), Template, {
  minProperties: 1,
  maxProperties: 50,
})

/** The request with more parameters behind those of its address; values come percent-encoded. */
export function withQuery(
  request: VendorRequest,
  parameters: Iterable<readonly [name: string, value: string]>,
): VendorRequest {
  const more = Array.from(parameters, ([name, value]) => `${encodeURIComponent(name)}=${value}`)
  if (more.length === 0) return request
  const glue = request.url.includes('?') ? '&' : '?'
  return { ...request, url: `${request.url}${glue}${more.join('&')}` }
}
