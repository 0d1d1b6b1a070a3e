import type { VendorRequest } from '../exchange/request.ts'
import { secretMask } from '../exchange/template.ts'
import type { Verdict } from './judge.ts'
import type { Scrub } from './scrub.ts'

/** What was sent and what came back, fit to be shown: no secret in it, in any form. */
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
const maxHeader = 1024

/** The request as it was signed with stars in the place of secrets, 16 KiB of its body at most. */
export function showRequest(masked: VendorRequest): Exchange['request'] {
  const headers = { ...masked.headers }
  const { authorization } = headers
  if (authorization !== undefined) {
    const [scheme, rest] = authorization.split(' ', 2)
    headers.authorization = rest === undefined ? secretMask : `${scheme} ${secretMask}`
  }
  return {
    method: masked.method,
    url: masked.url,
    headers,
    body: masked.body?.toString().slice(0, maxBody) ?? null,
  }
}

/** The response by an allow-list of headers, scrubbed by value, 16 KiB of its body at most. */
export function showResponse(
  answer: { status: number; headers: Record<string, string | string[]> },
  body: string,
  scrub: Scrub,
): Exchange['response'] {
  const headers: Record<string, string> = {}
  for (const name of shownHeaders) {
    const value = answer.headers[name]
    const shown = value === undefined ? undefined : scrub(String(value), maxHeader)
    if (shown !== undefined) headers[name] = shown
  }
  return { status: answer.status, headers, body: scrub(body, maxBody) ?? null }
}
