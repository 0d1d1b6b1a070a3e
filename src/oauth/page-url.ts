import type { Config } from '../config.ts'
import type { Element } from '../definition/element.ts'
import { readAddress } from '../egress/address.ts'
import { plainHost, readAllowList } from '../egress/allow-list.ts'
import { addressOf, baseUrlOf } from '../exchange/address.ts'
import type { Values } from '../exchange/request.ts'
import { escapes, renderAll } from '../exchange/template.ts'

/**
 * The address of a page of consent, with what the definition adds to the query and what the flow
 * needs; what is empty is left out, and what the flow needs goes last.
 * @throws {RenderError} for a value that cannot be part of an address
 */
export function pageUrlOf(
  { entries }: Pick<Element, 'entries'>,
  { authorizeUrl, authorizeParameters = {} }: PageTemplates,
  values: Values,
  { usual, fixed }: { usual: Record<string, string>; fixed: Record<string, string> },
): URL {
  const [baseUrl = '', query] = authorizeUrl.split('?', 2)
  const base = baseUrlOf({ baseUrl, entries }, values)
  const url = new URL(addressOf(base, undefined, undefined, values))
  const parameters = new URLSearchParams(query)
  const more = Object.fromEntries(renderAll(authorizeParameters, values, escapes.text))
  for (const [name, value] of Object.entries({ ...usual, ...more, ...fixed })) {
    if (value !== '') parameters.set(name, value)
  }
  // A space as "+" is one in forms alone, and some vendors know that too well.
  url.search = parameters.toString().replaceAll('+', '%20')
  return url
}

export interface PageTemplates {
  authorizeUrl: string
  authorizeParameters?: Record<string, string>
}

/** Whether browsers may be sent there: https, or what is on this machine or allowed by the operator. */
export function isFitForBrowsers({ egressAllow }: Pick<Config, 'egressAllow'>, url: URL): boolean {
  if (url.protocol === 'https:') return true
  if (url.protocol !== 'http:') return false
  const host = plainHost(url.hostname)
  const address = readAddress(host)
  if (host === 'localhost' || address?.range() === 'loopback') return true
  const allowed = readAllowList(egressAllow)
  const port = Number(url.port) || 80
  return allowed.hasHost(host, port) || (address !== undefined && allowed.hasAddress(address, port))
}
