import { LRUCache } from 'lru-cache'
import type { Values } from './request.ts'
import {
  applyFilters,
  escapes,
  RenderError,
  render,
  renderAll,
  splitTemplate,
  type TemplatePart,
  textOf,
} from './template.ts'

/** A configuration entry as far as addresses are concerned. */
export interface AddressEntry {
  key: string
  type: string
  defaultPath?: string
  hosts?: string[]
}

/** An address as a definition writes it, and the entries that it may name. */
export interface AddressTemplate {
  baseUrl: string
  entries: readonly AddressEntry[]
}

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i

/**
 * The address that an instance's calls start with, ending in a slash. A `url` entry may only begin it,
 * a `path` entry keeps its slashes, and any other value stays inside its host label or path segment.
 * @throws {RenderError} for a value that cannot be part of an address
 */
export function baseUrlOf({ baseUrl, entries }: AddressTemplate, values: Values): URL {
  const parts = partsOf(baseUrl)
  let address = ''
  for (const { literal, key, filters } of parts) {
    const part =
      literal ??
      renderPart(
        address,
        entries.find((entry) => entry.key === key) ?? { key: key!, type: 'text' },
        applyFilters(textOf(values, key!), filters, key!),
      )
    address =
      address.endsWith('/') && part.startsWith('/') ? address + part.slice(1) : address + part
  }
  const url = URL.parse(address.endsWith('/') ? address : `${address}/`)
  // A star is a legal host, and what is bound to its origin would be to every host below it.
  if (!url || url.hostname.includes('*')) {
    const first = parts.find(({ key }) => key !== undefined)?.key
    throw new RenderError(first ?? 'element', 'does not make an address')
  }
  return url
}

/** Every request needs those of its base. */
const split = new LRUCache<string, readonly TemplatePart[]>({ max: 5_000 })

function partsOf(baseUrl: string): readonly TemplatePart[] {
  const known = split.get(baseUrl)
  if (known) return known
  const parts = splitTemplate(baseUrl)
  split.set(baseUrl, parts)
  return parts
}

/** A path below the base URL or that itself, each value confined to its segment, and a query. */
export function addressOf(
  base: URL,
  path: string | undefined,
  query: Record<string, string> | undefined,
  values: Values,
): string {
  const address =
    path === undefined
      ? base.href.slice(0, base.pathname === '/' ? undefined : -1)
      : base.href + render(path, values, escapes.path)
  const parameters = renderAll(query ?? {}, values, escapes.query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${value}`,
  )
  return parameters.length > 0 ? `${address}?${parameters.join('&')}` : address
}

function renderPart(before: string, entry: AddressEntry, value: string): string {
  if (entry.type === 'url') return readServerUrl(entry, value)
  if (entry.type === 'path') return readPath(entry.key, value)
  const inHost = !/^[a-z]+:\/\/[^/]*\//i.test(before)
  if (!inHost) return escapes.path(value, entry.key)
  if (!label.test(value)) {
    throw new RenderError(entry.key, 'must be a host name or a part of one: letters, digits, "-"')
  }
  return value
}

/** A request needs it more than once, and so does everybody who calls that server. */
const servers = new LRUCache<string, string>({ max: 5_000 })
const longestKept = 255

/** With or without scheme; none means https. */
function readServerUrl(entry: AddressEntry, value: string): string {
  if (value.length > longestKept) return readServer(entry, value)
  const name = JSON.stringify([value, entry.hosts, entry.defaultPath])
  const known = servers.get(name)
  if (known) return known
  const found = readServer(entry, value)
  servers.set(name, found)
  return found
}

function readServer(entry: AddressEntry, value: string): string {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `https://${value}`
  // Half a scheme, as in "https:/host", would be taken for the host.
  const url = /^https?:(?!\/\/)/i.test(value) ? null : URL.parse(address)
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw new RenderError(entry.key, 'must be an address such as https://api.example.com')
  }
  if (url.username || url.password) {
    throw new RenderError(entry.key, 'must not hold a user name or password')
  }
  if (entry.hosts && !entry.hosts.some((host) => isWithin(url.hostname, host))) {
    throw new RenderError(entry.key, `must be an address of ${entry.hosts.join(' or ')}`)
  }
  if (url.search || url.hash) throw new RenderError(entry.key, 'must not hold "?" or "#"')
  const segments = segmentsOf(url.pathname)
  if (segments.length === 0) return url.origin + (entry.defaultPath ?? '')
  return `${url.origin}/${segments.join('/')}`
}

/** `*.example.com` is any host below it. */
function isWithin(host: string, allowed: string): boolean {
  return allowed.startsWith('*.') ? host.endsWith(allowed.slice(1)) : host === allowed
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
