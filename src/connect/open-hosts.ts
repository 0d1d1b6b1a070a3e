import type { Authentication } from '../authentication/authentication.ts'
import type { Element, Entry } from '../definition/element.ts'
import { viewOf } from '../definition/view.ts'
import { splitTemplate } from '../exchange/template.ts'
import { stepsFor } from '../probe/request.ts'

/**
 * The entries by which whoever fills in the rest decides at whose host the credentials arrive. What
 * is confined to the vendor's own hosts decides nothing.
 * @param preset the entries that are set already
 */
export function findOpenHosts(
  element: Element,
  authentication: Authentication,
  preset: ReadonlySet<string>,
): Entry[] {
  const bases = stepsFor(element, authentication).map(({ step }) => step.base)
  const { refreshUrl, requestTokenUrl, accessTokenUrl } = authentication as Endpoints
  const { baseUrl } = viewOf(element, authentication)
  const addresses = [baseUrl, refreshUrl, requestTokenUrl, accessTokenUrl, ...bases]
  const open = addresses
    .filter((address) => address !== undefined)
    .flatMap((address) => openIn(element, hostOf(address), preset))
  return [...new Set(open)]
}

/** Where else than in its steps an authentication sends credentials. */
interface Endpoints {
  refreshUrl?: string
  requestTokenUrl?: string
  accessTokenUrl?: string
}

/** The part of an address that says whose it is. */
function hostOf(address: string): string {
  return /^(https?:\/\/)?[^/?]*/.exec(address)![0]
}

function openIn(
  element: Element,
  template: string,
  preset: ReadonlySet<string>,
  followed: readonly string[] = [],
): Entry[] {
  const entryOf = (key: string | undefined) => element.entries.find((one) => one.key === key)
  const all = splitTemplate(template)
  const path = all.findIndex(({ key }) => entryOf(key)?.type === 'path')
  const parts = path < 0 ? all : all.slice(0, path)
  const behind = parts.at(-1)?.literal ?? ''
  // As in "{shop}.example.com": any host of theirs, and none of others.
  if (/\.[a-z0-9-]+\.[a-z]{2,}(:\d+)?$/i.test(behind)) return []
  return parts.flatMap(({ key }) => {
    const entry = entryOf(key)
    if (!entry || preset.has(entry.key) || followed.includes(entry.key)) return []
    if (entry.constant !== undefined || entry.discovered || entry.hosts || entry.options) return []
    if (entry.derived === undefined) return [entry]
    return openIn(element, entry.derived, preset, [...followed, entry.key])
  })
}
