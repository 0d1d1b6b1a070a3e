import type { Values } from '../authentication/request.ts'
import { escapes, RenderError, render, textOf } from '../authentication/template.ts'
import type { Element, Entry } from './element.ts'

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i

/**
 * The address that an instance's calls start with, ending in a slash. A `url` entry may only begin it,
 * a `path` entry keeps its slashes, and any other value stays inside its host label or path segment.
 * @throws {RenderError} for a value that cannot be part of an address
 */
export function baseUrlOf(element: Element, values: Values): URL {
  const entries = new Map(element.entries.map((entry) => [entry.key, entry]))
  const parts = [...element.baseUrl.matchAll(/([^{]+)|\{([^}]+)\}/g)]
  let address = ''
  for (const [, literal, key] of parts) {
    const part = literal ?? renderPart(address, entries.get(key!)!, textOf(values, key!))
    address =
      address.endsWith('/') && part.startsWith('/') ? address + part.slice(1) : address + part
  }
  const url = URL.parse(address.endsWith('/') ? address : `${address}/`)
  if (!url) {
    const first = parts.find(([, , key]) => key !== undefined)?.[2]
    throw new RenderError(first ?? 'element', 'does not make an address')
  }
  return url
}

/** A path below the base URL, each value confined to its segment, and a query. */
export function addressOf(
  base: URL,
  path: string,
  query: Record<string, string> | undefined,
  values: Values,
): string {
  const address = base.href + render(path, values, escapes.path)
  const parameters = Object.entries(query ?? {}).map(
    ([name, template]) => `${encodeURIComponent(name)}=${render(template, values, escapes.query)}`,
  )
  return parameters.length > 0 ? `${address}?${parameters.join('&')}` : address
}

function renderPart(before: string, entry: Entry, value: string): string {
  if (entry.type === 'url') return readServerUrl(entry, value)
  if (entry.type === 'path') return readPath(entry.key, value)
  const inHost = !/^[a-z]+:\/\/[^/]*\//i.test(before)
  if (!inHost) return escapes.path(value, entry.key)
  if (!label.test(value)) {
    throw new RenderError(entry.key, 'must be a host name or a part of one: letters, digits, "-"')
  }
  return value
}

/** With or without scheme; none means https. */
function readServerUrl(entry: Entry, value: string): string {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `https://${value}`
  // Half a scheme, as in "https:/host", would be taken for the host.
  const url = /^https?:(?!\/\/)/i.test(value) ? null : URL.parse(address)
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw new RenderError(entry.key, 'must be an address such as https://api.example.com')
  }
  if (url.username || url.password) {
    throw new RenderError(entry.key, 'must not hold a user name or password')
  }
  if (url.search || url.hash) throw new RenderError(entry.key, 'must not hold "?" or "#"')
  const segments = segmentsOf(url.pathname)
  if (segments.length === 0) return url.origin + (entry.defaultPath ?? '')
  return `${url.origin}/${segments.join('/')}`
}

/** Slashes at both ends, none doubled. */
function readPath(key: string, value: string): string {
  return `/${segmentsOf(value)
    .map((segment) => `${escapes.path(segment, key)}/`)
    .join('')}`
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}
