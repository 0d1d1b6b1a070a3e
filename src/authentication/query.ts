import { Type } from 'typebox'
import type { VendorRequest } from '../exchange/request.ts'
import { Template } from './type.ts'

export const QueryTemplates = Type.Record(Type.String(), Template, {
  minProperties: 1,
  maxProperties: 50,
})

/**
 * The request with more parameters behind those of its address; values come percent-encoded. They
 * take the place of what has their names there: a vendor may read the first of two, or the last.
 */
export function withQuery(
  request: VendorRequest,
  parameters: Iterable<readonly [name: string, value: string]>,
): VendorRequest {
  const given = [...parameters]
  if (given.length === 0) return request
  const url = without(request.url, new Set(given.map(([name]) => name.toLowerCase())))
  const more = given.map(([name, value]) => `${encodeURIComponent(name)}=${value}`)
  const glue = url.includes('?') ? '&' : '?'
  return { ...request, url: `${url}${glue}${more.join('&')}` }
}

/** What else is in the query stays as it was sent, byte for byte. */
function without(url: string, names: ReadonlySet<string>): string {
  const start = url.indexOf('?') + 1
  if (start === 0) return url
  const pairs = url.slice(start).split('&')
  const kept = pairs.filter((pair) => !names.has(nameOf(pair)))
  if (kept.length === pairs.length) return url
  return kept.length > 0 ? url.slice(0, start) + kept.join('&') : url.slice(0, start - 1)
}

/** As a vendor may read it, who takes upper and lower case for the same. */
function nameOf(pair: string): string {
  const [[name = ''] = []] = new URLSearchParams(pair)
  return name.toLowerCase()
}
