import { createHash } from 'node:crypto'
import type { Departure, Place } from './consent.ts'

/** Which browser began a consent: it opens nothing, and is gone when the consent comes back. */
export interface BrowserMark {
  browser: string
  place: Place
}

/**
 * The cookie that marks a browser until a consent comes back (RFC 6265): one for each, for people
 * connect several things at once. With https its prefix keeps other hosts from setting it.
 */
export function markCookie(base: string, departure: Departure): string {
  const { browser, place, state, expiresAt } = departure
  const seconds = Math.max(1, Math.ceil((Date.parse(expiresAt) - Date.now()) / 1000))
  return cookie(base, state, `${browser}.${place}`, seconds)
}

/** Takes the mark of a consent away. */
export function clearCookie(base: string, state: string): string {
  return cookie(base, state, '', 0)
}

/** The mark that a browser holds for the consent of this state. */
export function readCookie(
  base: string,
  state: string,
  header: string | undefined,
): BrowserMark | undefined {
  const name = nameOf(base, state)
  const found = (header ?? '').split(';').map((part) => part.trim())
  const values = found.filter((part) => part.startsWith(`${name}=`))
  const [, browser, place] = /^[^=]+=([\w-]{43})\.(window|tab)$/.exec(values[0] ?? '') ?? []
  if (values.length !== 1 || browser === undefined) return undefined
  return { browser, place: place as Place }
}

function cookie(base: string, state: string, value: string, seconds: number): string {
  const secure = isSecure(base) ? '; Secure' : ''
  const name = nameOf(base, state)
  return `${name}=${value}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Lax${secure}`
}

function nameOf(base: string, state: string): string {
  const mark = createHash('sha256').update(state).digest('hex').slice(0, 16)
  return `${isSecure(base) ? '__Host-' : ''}latchkey-consent-${mark}`
}

function isSecure(base: string): boolean {
  return base.startsWith('https:')
}
