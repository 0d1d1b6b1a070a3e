import { Refusal } from '../http/errors.ts'

/** What else a URL's host may hold means something in a policy (CSP3, section 2.3.1). */
const plainHost = /^(?:[\w.-]+|\[[\da-f:.]+\])$/
const loopback = ['localhost', '127.0.0.1', '[::1]']

/** The addresses that a request names, in their one spelling. */
export interface ReadAddresses {
  allowedOrigin: string
  returnUrl: string | null
}

/**
 * Checks where the customer comes from and goes back to: https, or http on this very machine, and
 * both of one origin.
 * @throws {Refusal} `body-invalid`, naming all that cannot be used
 */
export function readAddresses(given: {
  allowedOrigin: string
  returnUrl?: string | undefined
  appearance?: { logoUrl?: string | undefined } | undefined
}): ReadAddresses {
  const origin = readUrl(given.allowedOrigin)
  const returned = given.returnUrl === undefined ? undefined : readUrl(given.returnUrl)
  const { logoUrl } = given.appearance ?? {}
  const invalid: { key: string; reason: string }[] = []
  if (!origin || !isBare(origin, given.allowedOrigin)) {
    invalid.push({ key: 'allowedOrigin', reason: 'is no origin such as https://app.example.com' })
  }
  if (given.returnUrl !== undefined && (!returned || returned.origin !== origin?.origin)) {
    invalid.push({ key: 'returnUrl', reason: 'is no address at the allowed origin' })
  }
  if (logoUrl !== undefined && readUrl(logoUrl)?.protocol !== 'https:') {
    invalid.push({ key: 'appearance.logoUrl', reason: 'is no https address' })
  }
  if (invalid.length === 0) {
    return { allowedOrigin: origin!.origin, returnUrl: returned?.href ?? null }
  }
  const faults = invalid.map(({ key, reason }) => `${key} ${reason}`).join('; ')
  throw new Refusal('body-invalid', { message: `Correct the addresses: ${faults}.`, invalid })
}

/** Undefined for anything that a browser should not be sent to, or be framed by. */
function readUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  if (!url || url.username || url.password || !plainHost.test(url.hostname)) return undefined
  if (url.protocol === 'https:') return url
  return url.protocol === 'http:' && loopback.includes(url.hostname) ? url : undefined
}

function isBare({ pathname, search, hash }: URL, text: string): boolean {
  return pathname === '/' && search === '' && hash === '' && !/[?#]/.test(text)
}
