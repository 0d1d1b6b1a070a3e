import type { Answer } from '../exchange/condition.ts'
import { extractAll } from '../exchange/extract.ts'
import type { Values, VendorRequest } from '../exchange/request.ts'
import type { Step } from '../exchange/step.ts'
import { RenderError } from '../exchange/template.ts'
import type { Authentication } from './authentication.ts'
import { accessTokenLogin, needsConsent } from './oauth1-dance.ts'
import {
  type Carried,
  carry,
  sessionCookies,
  sessionRefreshToken,
  sessionSeconds,
  valuesOf,
} from './session.ts'
import type { Session } from './sessions.ts'
import { tokenLogin } from './token-login.ts'

/** What opens a session: a request with the credentials, and how its answer is read. */
export interface Login {
  step: Step
  /** What the requests in the session carry. */
  carried: Carried
  /** Whether it does no harm if the vendor gets it twice. */
  repeatable: boolean
  sign(request: VendorRequest, values: Values): VendorRequest | Promise<VendorRequest>
  /** The same, fit to be shown: secrets among the values are stars. */
  mask(request: VendorRequest, values: Values): VendorRequest
  /** How long a session may be used, by what its answer says; undefined: nobody knows. */
  secondsFrom(said: string | undefined): number | undefined
  /** What of an answer may open a session, besides what is extracted for that. */
  secretsIn(answer: Answer): string[]
}

/** The login of an authentication that has sessions. */
export function loginOf(authentication: Authentication): Login | undefined {
  if (authentication.type === 'oauth2') return tokenLogin(authentication)
  if (authentication.type === 'oauth1') {
    return needsConsent(authentication) ? accessTokenLogin(authentication) : undefined
  }
  if (authentication.type !== 'session') return undefined
  const { login: step, seconds } = authentication
  return {
    step,
    carried: authentication,
    repeatable: true,
    sign: (request) => request,
    mask: (request) => request,
    secondsFrom: (said) => Number(said ?? seconds),
    secretsIn: (answer) => valuesOf(cookiesIn(answer) ?? ''),
  }
}

/** What would live longer is asked for anew after a year; a date has an end, too. */
const longestSeconds = 31_536_000
/** A session is given up so long before it ends, or in the last tenth of a short life. */
const marginMs = 30_000

/**
 * The session that a good answer to the login opens; undefined where something is not in it, or
 * cannot be sent.
 */
export function openSession(login: Login, answer: Answer, values: Values): Session | undefined {
  const { found, lost } = extractAll(login.step, answer, values)
  if (lost.length > 0) return undefined
  if (!takeRefreshToken(login.step, answer, found)) return undefined
  const cookies = cookiesIn(answer)
  if (cookies !== undefined) found.set(sessionCookies, cookies)
  if (!canCarry(login.carried, new Map([...values, ...found]))) return undefined
  const seconds = login.secondsFrom(found.get(sessionSeconds)) ?? 0
  const life = Math.min(seconds, longestSeconds) * 1000
  const now = Date.now()
  if (!(life > 0)) return { values: found, endsAt: Number.POSITIVE_INFINITY }
  const margin = Math.min(marginMs, life / 10)
  return { values: found, endsAt: now + life - margin, expiresAt: new Date(now + life) }
}

/**
 * Whether what stands in the place of a refresh token can be kept: none is none, but to leave out one
 * that is there would keep the one before it, which may be spent.
 */
function takeRefreshToken(
  { extract = {} }: Step,
  { document }: Answer,
  found: Map<string, string>,
) {
  const pointer = extract[sessionRefreshToken]?.json
  const told = pointer === undefined ? undefined : document.json(pointer)
  if (typeof told === 'boolean') found.delete(sessionRefreshToken)
  return typeof told !== 'string' || told === '' || found.has(sessionRefreshToken)
}

function canCarry(carried: Carried, values: Values): boolean {
  try {
    carry({ method: 'GET', url: '', headers: {}, body: undefined }, carried, values)
    return true
  } catch (error) {
    if (error instanceof RenderError) return false
    throw error
  }
}

/** As they are sent back. */
function cookiesIn({ headers }: Answer): string | undefined {
  const cookies = [headers['set-cookie'] ?? []].flat().map((one) => one.split(';', 1)[0]!.trim())
  return cookies.length > 0 ? cookies.join('; ') : undefined
}
