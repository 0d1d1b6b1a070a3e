import { type ConsentFlow, tokenUrlOf } from '../authentication/consent.ts'
import type { Element } from '../definition/element.ts'
import type { Values } from '../exchange/request.ts'
import { splitTemplate } from '../exchange/template.ts'
import { originsOf } from '../probe/request.ts'

/**
 * Where what was given for a consent may go: as far as the configuration says it already, and where
 * the redirect may lead the token request to, as patterns.
 */
export function boundOrigins(
  element: Element,
  authentication: ConsentFlow,
  values: Values,
): string[] {
  const told = toldOrigins(element, tokenUrlOf(authentication))
  return [...new Set([...originsOf(element, authentication, values), ...told])]
}

/** Of an address whose host the vendor tells; a definition has to say which ones it may be. */
function toldOrigins({ entries }: Element, address: string): string[] {
  const host = /^(https?:\/\/)?[^/]*/.exec(address)![0]
  const parts = splitTemplate(host)
  const last = parts.findLast(({ key }) => key !== undefined)
  const entry = entries.find(({ key }) => key === last?.key)
  if (!parts.some(({ key }) => entries.some((one) => one.key === key && one.discovered))) return []
  if (entry?.type === 'url') return (entry.hosts ?? []).map((allowed) => `https://${allowed}`)
  const behind = parts.at(-1)?.literal ?? ''
  return [`https://*${behind.slice(behind.indexOf('.'))}`]
}
