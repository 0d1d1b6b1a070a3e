import type { Authentication } from '../authentication/authentication.ts'
import type { Element, Entry } from '../definition/element.ts'
import { applyFilters, splitTemplate, type TemplatePart } from '../exchange/template.ts'
import { isOriginPattern } from '../vault/destination.ts'
import { endpointsOf } from './app-destinations.ts'

/** More would be asked of nobody to read. */
const maxOrigins = 50
/** What any text may stand for. */
const anything = '*'

/**
 * The origins that a definition itself says a client's secret goes to, as patterns where a part of
 * the host is up to the instance; undefined where the whole host is.
 */
export function definedOrigins(
  element: Element,
  authentication: Authentication,
): string[] | undefined {
  const found = endpointsOf(element, authentication).map((endpoint) => originsIn(element, endpoint))
  if (found.length === 0 || !found.every((origins) => origins !== undefined)) return undefined
  const origins = [...new Set(found.flat())].sort()
  return origins.length > maxOrigins ? undefined : origins
}

function originsIn({ entries }: Element, address: string): string[] | undefined {
  const parts = splitTemplate(address)
  const first = entries.find(({ key }) => key === parts[0]?.key)
  const all =
    first?.type === 'url' && first.constant === undefined ? ofUrl(first) : ofHost(entries, parts)
  const origins = all?.map(originOf)
  return origins?.every((origin) => origin !== undefined) ? origins : undefined
}

function ofUrl({ options, hosts }: Entry): string[] | undefined {
  if (options) return options.map(({ value }) => withScheme(value))
  return hosts?.map((host) => `https://${host}`)
}

/** Scheme and host of an address, with all that the entries in it may be. */
function ofHost(entries: readonly Entry[], parts: readonly TemplatePart[]): string[] | undefined {
  let written = ['']
  for (const part of parts) {
    if (written.every((text) => /^[a-z]+:\/\/[^/?#]*[/?#]/.test(text))) break
    const choices = choicesFor(entries, part)
    if (written.length * choices.length > maxOrigins) return undefined
    written = written.flatMap((text) => choices.map((choice) => text + choice))
  }
  return written.map(withScheme)
}

function choicesFor(
  entries: readonly Entry[],
  { literal, key, filters }: TemplatePart,
): readonly string[] {
  if (literal !== undefined) return [literal]
  const { constant, options } = entries.find((entry) => entry.key === key) ?? {}
  const fixed = constant === undefined ? options?.map(({ value }) => value) : [String(constant)]
  return fixed?.map((value) => applyFilters(value, filters, key!)) ?? [anything]
}

function withScheme(address: string): string {
  return /^[a-z]+:\/\//i.test(address) ? address : `https://${address}`
}

/** All labels up to the last that is not known are any host below the rest. */
function originOf(address: string): string | undefined {
  const [, scheme, authority] = /^([a-z]+:\/\/)([^/?#]+)/i.exec(address) ?? []
  if (scheme === undefined || authority === undefined) return undefined
  if (!authority.includes(anything)) return URL.parse(scheme + authority)?.origin
  const rest = authority.slice(authority.lastIndexOf(anything) + 1)
  const parent = rest.slice(rest.indexOf('.'))
  if (!parent.startsWith('.')) return undefined
  const origin = URL.parse(`${scheme}x${parent}`)?.origin.replace('://x.', '://*.')
  return origin !== undefined && isOriginPattern(origin) ? origin : undefined
}
