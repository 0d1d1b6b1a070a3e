import type { IncomingHttpHeaders } from 'node:http'
import { isSecretOfSession } from '../authentication/session.ts'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { secretsOf } from '../probe/masking.ts'
import { createScrub, type Scrub } from '../probe/scrub.ts'
import type { Callable } from './callable.ts'
import type { KeptBody } from './kept-body.ts'

/** A call as it is kept to be looked at: no secret in it, in any form. */
export interface LoggedCall {
  at: string
  requestId: string
  userId: number
  method: string
  /** With the query; null where a secret in it could not be told from the rest. */
  path: string | null
  status: number
  /** Why it is not the vendor's whole answer that the client got. */
  code: string | null
  durationMs: number
  waitMs: number
  attempts: number
  request: LoggedMessage
  /** Null where none came. */
  response: (LoggedMessage & { status: number }) | null
}

interface LoggedMessage {
  headers: Record<string, string>
  /** 16 KiB at most; null where it is no text, or may hold a secret that is too short to be found. */
  body: string | null
  bodyBytes: number
}

/** What is known of a call when it is over. */
export interface SeenCall extends Pick<LoggedCall, 'at' | 'requestId' | 'durationMs' | 'attempts'> {
  callable: Callable
  method: string
  path: string
  status: number
  code: string
  waitedMs: number
  headers: IncomingHttpHeaders
  sent: KeptBody
  /** As it went to the vendor last, and the values that it was signed with. */
  unsigned: VendorRequest | undefined
  signed: VendorRequest | undefined
  values: Values | undefined
  answer:
    | { status: number; headers: Record<string, string | string[]>; received: KeptBody }
    | undefined
}

const maxPath = 4096
const maxHeader = 1024
const maxBody = 16 * 1024
/** What is shorter is a moment or a count. */
const shortestMade = 20
const ofBoth = ['content-type', 'content-length', 'content-encoding', 'content-language', 'etag']
const ofRequests = [
  ...ofBoth,
  'accept',
  'accept-encoding',
  'accept-language',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'prefer',
  'range',
  'soapaction',
  'traceparent',
  'user-agent',
]
const ofAnswers = [
  ...ofBoth,
  'content-range',
  'date',
  'link',
  'location',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'server',
  'vary',
  'www-authenticate',
  'x-correlation-id',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-request-id',
]

/** The call, fit to be shown. */
export function renderCall(seen: SeenCall): LoggedCall {
  const { at, requestId, callable, method, status, code, answer, sent } = seen
  const scrub = createScrub(secretsIn(seen))
  return {
    at,
    requestId,
    userId: callable.principal.user.id,
    method,
    path: scrub(seen.path, maxPath) ?? null,
    status,
    code: code === '' ? null : code,
    durationMs: Math.round(seen.durationMs),
    waitMs: Math.round(seen.waitedMs),
    attempts: seen.attempts,
    request: show(scrub, seen.headers, ofRequests, sent),
    response: answer
      ? { status: answer.status, ...show(scrub, answer.headers, ofAnswers, answer.received) }
      : null,
  }
}

function show(
  scrub: Scrub,
  given: IncomingHttpHeaders | Record<string, string | string[]>,
  names: readonly string[],
  body: KeptBody,
): LoggedMessage {
  const headers: Record<string, string> = {}
  for (const name of names) {
    const value = given[name]
    const shown = value === undefined ? undefined : scrub(String(value), maxHeader)
    if (shown !== undefined) headers[name] = shown
  }
  const text = body.text(given['content-encoding']?.toString())
  const shown = text === undefined ? undefined : scrub(text, maxBody)
  return { headers, body: shown ?? null, bodyBytes: body.size }
}

/** Its credentials, its session, and what was made of them for this request, such as a signature. */
function secretsIn({ callable, values, unsigned, signed, headers }: SeenCall): string[] {
  const { credentials, tokens } = callable.connection
  const ofSession = [...(values ?? [])].filter(([key]) => isSecretOfSession(key))
  const refresh = tokens?.refreshToken
  // Whoever calls must not find the own secrets either, where a vendor tells what it was sent.
  const own = headers.authorization?.match(/[^\s,]{20,}/g) ?? []
  return [
    ...secretsOf(credentials),
    ...ofSession.map(([, value]) => value),
    ...(refresh ? [refresh] : []),
    ...own,
    ...(unsigned && signed ? madeFrom(unsigned, signed) : []),
  ]
}

function madeFrom(unsigned: VendorRequest, signed: VendorRequest): string[] {
  const headers = Object.entries(signed.headers)
    .filter(([name, value]) => value !== unsigned.headers[name])
    .map(([, value]) => value.slice(value.indexOf(' ') + 1))
  const known = new Set(wordsOf(unsigned))
  const words = wordsOf(signed).filter((word) => !known.has(word))
  return [...headers, ...words].filter((value) => value.length >= shortestMade)
}

function wordsOf({ url, headers }: VendorRequest): string[] {
  const { search } = new URL(url)
  return [search, ...Object.values(headers)].join(' ').match(/[\w.~+/-]+/g) ?? []
}
