import type { VendorRequest } from '../authentication/request.ts'
import { secretMask } from '../elements/configuration.ts'
import type { Verdict } from './judge.ts'

/** What was sent and what came back, fit to be shown: no secret in it, in no form. */
export interface Exchange {
  verdict: Verdict | 'forbidden'
  durationMs: number
  request: { method: string; url: string; headers: Record<string, string>; body: string | null }
  response: { status: number; headers: Record<string, string>; body: string | null } | null
  failure: { kind: string; message: string } | null
}

const shownHeaders = [
  'content-type',
  'content-length',
  'content-language',
  'date',
  'server',
  'location',
  'retry-after',
  'www-authenticate',
  'x-request-id',
  'x-correlation-id',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
]
const maxBody = 16 * 1024
/** A shorter secret would be "found" in innocent words, and its stars would tell where it stands. */
const shortestScrubbed = 4

/** The request as it was signed with stars in the place of secrets. */
export function showRequest(masked: VendorRequest): Exchange['request'] {
  const headers = { ...masked.headers }
  const scheme = headers.authorization?.split(' ')[0]
  if (scheme) headers.authorization = `${scheme} ${secretMask}`
  return { method: masked.method, url: masked.url, headers, body: masked.body ?? null }
}

/** The response by an allow-list of headers, scrubbed by value, and only then cut to 16 KiB. */
export function showResponse(
  answer: { status: number; headers: Record<string, string | string[]> },
  body: string,
  scrub: Scrub,
): Exchange['response'] {
  const headers: Record<string, string> = {}
  for (const name of shownHeaders) {
    const value = answer.headers[name]
    const shown = value === undefined ? undefined : scrub(String(value))
    if (shown !== undefined) headers[name] = shown
  }
  return { status: answer.status, headers, body: scrub(body)?.slice(0, maxBody) ?? null }
}

/** The text without any secret; undefined where a secret is too short to be found for certain. */
export type Scrub = (text: string) => string | undefined

export function createScrub(secrets: readonly string[]): Scrub {
  if (secrets.some((secret) => secret.length < shortestScrubbed)) return () => undefined
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length)
  if (forms.length === 0) return (text) => text
  const anyForm = new RegExp(forms.map((form) => RegExp.escape(form)).join('|'), 'gi')
  return (text) => text.replace(anyForm, secretMask)
}

/** The ways in which a vendor may give a secret back to us. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8')
  const base64 = bytes.toString('base64')
  const plain = base64.replace(/=+$/, '')
  const percent = encodeURIComponent(secret)
  const json = JSON.stringify(secret).slice(1, -1)
  const named: Record<string, string> = {
    '&': 'amp',
    '<': 'lt',
    '>': 'gt',
    '"': 'quot',
    "'": 'apos',
  }
  return [
    secret,
    ...insideBase64(bytes),
    plain,
    bytes.toString('base64url'),
    bytes.toString('hex'),
    percent,
    percent.replaceAll('%20', '+'),
    json,
    json.replaceAll('/', '\\/'),
    secret.replace(/[&<>"']/g, (character) => `&${named[character]};`),
    secret.replace(/[&<>"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`),
    secret.replace(/[&<>"']/g, (character) => `&#x${character.charCodeAt(0).toString(16)};`),
  ]
}

/** What stays the same of a secret's base64 behind any other bytes, as in `user:secret`. */
function insideBase64(bytes: Buffer): string[] {
  return [1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    const whole = Math.floor((bytes.length + offset) / 3) * 4
    const inner = shifted.slice(4, whole)
    return inner.length >= shortestScrubbed ? [inner] : []
  })
}
