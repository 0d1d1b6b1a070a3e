import type { IncomingHttpHeaders } from 'node:http'
import type { ProblemCode } from '../../../src/http/errors.ts'
import type { Reply } from '../../support/web-server.ts'

/** A request as it came to a vendor's host. */
export interface Asked {
  /** Method and path, such as `GET /v1/users/me`. */
  at: string
  host: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: string
  /** The common name of the client certificate that was presented. */
  certificate: string | undefined
}

export type Configuration = Record<string, string>

/** What a vendor refuses, as a change of what it accepts, and what becomes of that. */
export interface Refusal {
  change: Configuration
  code: ProblemCode
  /** The vendor's; undefined where it says nothing that could be passed on. */
  words: string | undefined
  /** In seconds. */
  retryAfter?: string
}

/** A vendor as its documentation describes it, written without a look at our definition. */
export interface StandIn {
  /** `*.example.com` is any host below it. */
  hosts: string[]
  answer(asked: Asked): Reply
  /** By the key of the authentication. */
  accounts: Record<
    string,
    {
      good: Configuration
      /** Other ways to write the same. */
      alike?: Configuration[]
      bad: Refusal[]
      /** Whether somebody has to consent in a browser first. */
      consents?: boolean
    }
  >
}

export const right = 'right-5d41402abc4b2a76b9719d911017c592'
export const wrong = 'wrong-7d793037a0760186574b0282f2f435e7'
/** Known, but without the rights that are needed. */
export const limited = 'limited-9e107d9d372bb6826bd81d3542a419d6'
/** Known, but asking too much. */
export const busy = 'busy-e4d909c290d0fb1ca068ffaddf22cbd0'

export const nothingThere: Reply = { status: 404, body: { message: 'Not Found' } }
/** What stands where no tenant of that name is. */
export const noSuchTenant: Reply = {
  status: 404,
  headers: { 'content-type': 'text/html' },
  body: '<!DOCTYPE html><title>Not found</title>',
}

/** Marks words that no source shows: the vendor may use others. */
export const plausible = (words: string) => words

export const rejected = (change: Configuration, words: string | undefined): Refusal => ({
  change,
  code: 'credentials-rejected',
  words,
})
export const insufficient = (change: Configuration, words: string | undefined): Refusal => ({
  change,
  code: 'credentials-insufficient',
  words,
})
export const misdirected = (change: Configuration, words?: string): Refusal => ({
  change,
  code: 'vendor-misdirected',
  words,
})
export const throttled = (
  change: Configuration,
  words: string | undefined,
  retryAfter = '30',
): Refusal => ({ change, code: 'vendor-throttled', words, retryAfter })

export function bearerOf({ headers }: Asked): string | undefined {
  return /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1]
}

/** User name and password, with a colon between them. */
export function basicOf({ headers }: Asked): string | undefined {
  const [, encoded] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? []
  return encoded && Buffer.from(encoded, 'base64').toString()
}

/** What a form holds; nothing where the body is none. */
export function formOf({ headers, body }: Asked): Record<string, string> {
  const isForm = headers['content-type'] === 'application/x-www-form-urlencoded'
  return isForm ? Object.fromEntries(new URLSearchParams(body)) : {}
}

/** What a JSON object holds; nothing where the body is none. */
export function jsonOf({ headers, body }: Asked): Record<string, unknown> {
  return headers['content-type']?.startsWith('application/json') ? JSON.parse(body) : {}
}

/** Whether these are the credentials of a client that may have a token for itself. */
export function isClient(fields: Record<string, unknown>, id = 'client-1'): boolean {
  const { grant_type, client_id, client_secret } = fields
  return grant_type === 'client_credentials' && client_id === id && client_secret === right
}

/** An access token (RFC 6749, section 5.1). */
export const sessionToken = 'session-token-098f6bcd4621d373cade4e832627b4f6'
export const tokenReply: Reply = {
  body: { access_token: sessionToken, token_type: 'Bearer', expires_in: 3600 },
}
/** Without one (RFC 6749, section 5.2). */
export const noToken = (error: string, description?: string, status = 401): Reply => ({
  status,
  body: { error, ...(description && { error_description: description }) },
})
