import type { Rule, Step } from '../exchange/step.ts'
import type { Login } from './login.ts'
import { carriedBy, type OAuth2 } from './oauth2.ts'
import {
  sessionRefreshToken,
  sessionScope,
  sessionSeconds,
  sessionToken,
  sessionTokenType,
} from './session.ts'
import { secretsInTokenAnswer } from './token-answer.ts'
import { maskTokenRequest, signTokenRequest } from './token-request.ts'

/** Where RFC 6749, section 5.1, has them. */
const standard = {
  [sessionToken]: { json: '/access_token' },
  [sessionRefreshToken]: { json: '/refresh_token', optional: true },
  [sessionSeconds]: { json: '/expires_in', optional: true },
  [sessionTokenType]: { json: '/token_type', optional: true },
  [sessionScope]: { json: '/scope', optional: true },
} satisfies Step['extract']

/** How an error is said: section 5.2, and RFC 8628, section 3.5. */
const errors: Rule[] = [
  says('rejected', 'invalid_client', 'invalid_grant', 'unauthorized_client'),
  says('insufficient', 'invalid_scope'),
  says('throttled', 'temporarily_unavailable', 'slow_down'),
  { when: { status: 429 }, verdict: 'throttled' },
  { when: { status: '5xx' }, verdict: 'unexpected' },
  { when: { body: 'html' }, verdict: 'misdirected' },
]

/** The token request as the login of a session. */
export function tokenLogin(authentication: OAuth2): Login {
  const { grant, tokenUrl, refreshUrl = tokenUrl } = authentication
  const { extract, providerMessage = [], expires, seconds } = authentication
  return {
    step: {
      method: 'POST',
      base: grant === 'refreshToken' ? refreshUrl : tokenUrl,
      headers: { accept: 'application/json' },
      extract: { ...standard, ...extract },
      providerMessage: [...providerMessage, '/error_description', '/message', '/error'],
      rules: [...(authentication.rules ?? []), ...errors, ...successes(authentication)],
    },
    carried: carriedBy(authentication),
    // Whoever sends one twice that has been used loses both (RFC 9700, section 4.14.2; RFC 6749,
    // section 4.1.2).
    repeatable: grant !== 'refreshToken' && grant !== 'authorizationCode',
    sign: (request, values) => signTokenRequest(request, authentication, values),
    mask: (request, values) => maskTokenRequest(request, authentication, values),
    secondsFrom: (said) =>
      said === undefined ? seconds : secondsUntil[expires ?? 'seconds'](said),
    secretsIn: secretsInTokenAnswer,
  }
}

const secondsUntil: Record<NonNullable<OAuth2['expires']>, (said: string) => number> = {
  seconds: Number,
  milliseconds: (said) => Number(said) / 1000,
  unix: (said) => Number(said) - Date.now() / 1000,
  unixMillis: (said) => (Number(said) - Date.now()) / 1000,
  iso: (said) => (Date.parse(said) - Date.now()) / 1000,
}

function says(verdict: Rule['verdict'], ...oneOf: string[]): Rule {
  return { when: { json: { pointer: '/error', oneOf } }, verdict }
}

/** An answer with a token of the type that is meant, and those that only look like one. */
function successes({ tokenType = 'Bearer', extract }: OAuth2): Rule[] {
  const pointer = (extract?.[sessionToken] ?? standard[sessionToken]).json
  const status = '2xx'
  if (pointer === undefined) return [{ when: { status }, verdict: 'verified' }]
  const inJson = { status, body: 'json' } as const
  const type = '/token_type'
  // In any case: RFC 6749, section 5.1. Some leave it out.
  const names = [tokenType, tokenType.toLowerCase(), tokenType.toUpperCase(), null]
  return [
    {
      when: { ...inJson, json: { pointer, exists: false } },
      verdict: 'unexpected',
      message:
        'The token endpoint answered without an access token. See the details of the answer.',
    },
    { when: { ...inJson, json: { pointer: type, oneOf: names } }, verdict: 'verified' },
    { when: { ...inJson, json: { pointer: type, exists: false } }, verdict: 'verified' },
    {
      when: inJson,
      verdict: 'unexpected',
      message: `The token endpoint answered with a token of another type than ${tokenType}. See the details of the answer.`,
    },
    {
      when: { status },
      verdict: 'unexpected',
      message:
        'The token endpoint answered, but not in JSON. Check the address, and see the details of the answer.',
    },
  ]
}
