import { createHash } from 'node:crypto'
import type { Reply } from '../../support/web-server.ts'
import {
  type Asked,
  basicOf,
  formOf,
  jsonOf,
  limited,
  noToken,
  nothingThere,
  type Refusal,
  rejected,
  right,
  type StandIn,
  sessionToken,
  wrong,
} from './stand-in.ts'

/** The app that vendors know, and where its consents end. */
export const callbackUrl = 'https://app.example/callback'
export const app = { 'oauth.api.key': 'client-1', 'oauth.api.secret': right }
/** Of a consent to something else than what the API wants. */
export const limitedToken = `limited-${sessionToken}`

/** That any token comes with. */
export const refreshToken = `refresh-${sessionToken}`

/** Where a vendor asks for a consent and gives tokens (RFC 6749, section 4.1), as it documents that. */
export interface Desk {
  /** Host and path of the page. */
  page: string
  /** Host and path of the token endpoint. */
  token: string
  client: 'basic' | 'post' | 'none'
  body?: 'form' | 'json'
  /** What makes a token good for the API, each of them; any other is limited. */
  scope?: string | string[]
  /** What else the page wants. */
  asks?: Record<string, string>
  /** In the place of an address that it sends browsers to. */
  redirectUri?: string
  pkce?: 'required' | 'refused'
  /** What the redirect says besides. */
  tells?: Record<string, string>
  /** What else the token request has to say. */
  needs?: Record<string, string>
  /** What the token answer says besides. */
  gives?: Record<string, unknown>
  refuse?(error: string): Reply
}

/** Answers what is asked at the desk; undefined for everything else. */
export function openDesk(desk: Desk): (asked: Asked) => Reply | undefined {
  const codes = new Map<string, { challenge: string | null; token: string }>()
  const { redirectUri = callbackUrl, scope = '' } = desk
  const { refuse = (error) => noToken(error, `${error} (desk)`, 400) } = desk

  function consent({ query }: Asked): Reply {
    const wanted = { response_type: 'code', client_id: 'client-1', redirect_uri: redirectUri }
    const all = Object.entries({ ...wanted, ...desk.asks })
    const lacking = all.find(([name, value]) => query.get(name) !== value)
    if (lacking || !query.get('state')) return { status: 400, body: `bad ${lacking ?? 'state'}` }
    const challenge = query.get('code_challenge')
    if (challenge === null ? desk.pkce === 'required' : desk.pkce === 'refused') {
      return { status: 400, body: 'bad code_challenge' }
    }
    const code = `code-${codes.size}-5eb63bbbe01eeed093cb22bb8f5acdc3`
    const isEnough = [scope].flat().includes(query.get('scope') ?? '')
    codes.set(code, { challenge, token: isEnough ? sessionToken : limitedToken })
    const told = new URLSearchParams({ code, state: query.get('state')!, ...desk.tells })
    return { status: 302, headers: { location: `${callbackUrl}?${told}` } }
  }

  function exchange(asked: Asked): Reply | undefined {
    const form = desk.body === 'json' ? jsonOf(asked) : formOf(asked)
    const { grant_type } = form
    if (grant_type !== 'authorization_code' && grant_type !== 'refresh_token') return undefined
    if (!isKnownClient(desk.client, asked, form)) return refuse('invalid_client')
    if (grant_type === 'refresh_token') {
      const isOurs = form.refresh_token === refreshToken
      return isOurs ? grant(sessionToken) : refuse('invalid_grant')
    }
    const code = codes.get(String(form.code))
    const needed = Object.entries({ redirect_uri: redirectUri, ...desk.needs })
    if (!code || needed.some(([name, value]) => form[name] !== value)) {
      return refuse('invalid_grant')
    }
    codes.delete(String(form.code))
    if (code.challenge !== null && challengeOf(form.code_verifier) !== code.challenge) {
      return refuse('invalid_grant')
    }
    return grant(code.token)
  }

  function grant(token: string): Reply {
    const given = { access_token: token, refresh_token: refreshToken, expires_in: 3600 }
    return { body: { ...given, ...desk.gives } }
  }

  return (asked) => {
    const [method, path] = asked.at.split(' ')
    const place = asked.host + path
    if (method === 'GET' && place === desk.page) return consent(asked)
    return method === 'POST' && place === desk.token ? exchange(asked) : undefined
  }
}

function isKnownClient(way: Desk['client'], asked: Asked, form: Record<string, unknown>): boolean {
  const isNamed = form.client_id === 'client-1'
  if (way === 'basic') return basicOf(asked) === `client-1:${right}` && !form.client_secret
  return isNamed && (way === 'none' || form.client_secret === right)
}

function challengeOf(verifier: unknown): string {
  return createHash('sha256').update(String(verifier)).digest('base64url')
}

type Headers = Record<string, string>

export const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` })
export const basic = (pair: string): Headers => ({
  authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
})

/** Where the API knows the token as it is. */
export const asSession = (secret: string): Headers =>
  bearer(secret === right ? sessionToken : limitedToken)

/** Where such a consent leads. */
export interface Consented {
  desk: Desk
  /** Besides those of the vendor that are known. */
  hosts?: string[]
  /** How requests carry the token. */
  carried?: (token: string) => Headers
  /** What stands for the same user in the way that the API is known by already. */
  taken?: (secret: string) => Headers
  /** What the API answers in this way alone. */
  api?(asked: Asked): Reply | undefined
  good?: Record<string, string>
  bad?: Refusal[]
  /** What it says to another secret of the app. */
  words?: string | undefined
}

/** A vendor that takes a token of a consent for what it knew already. */
export function consenting(vendor: StandIn, consented: Consented, way = 'oauth2'): StandIn {
  const { desk, hosts = [], carried = bearer, taken = bearer } = consented
  const { good = {}, bad = [], words = 'invalid_client (desk)' } = consented
  const isSecret = desk.client !== 'none'
  const answerAtDesk = openDesk(desk)
  const places = [desk.page, desk.token].map((place) => place.split('/', 1)[0]!)
  return {
    hosts: [...new Set([...vendor.hosts, ...hosts, ...places])],
    answer(asked) {
      const answer = answerAtDesk(asked) ?? consented.api?.(asked)
      return answer ?? vendor.answer(translate(asked, carried, taken))
    },
    accounts: {
      ...vendor.accounts,
      [way]: {
        consents: true,
        good: { ...(isSecret ? app : { 'oauth.api.key': 'client-1' }), ...good },
        bad: [...(isSecret ? [rejected({ 'oauth.api.secret': wrong }, words)] : []), ...bad],
      },
    },
  }
}

/** One that knows nobody in any other way. */
export function consentOnly(consented: Consented): StandIn {
  return consenting({ hosts: [], answer: () => nothingThere, accounts: {} }, consented)
}

function translate(
  asked: Asked,
  carried: (token: string) => Headers,
  taken: (secret: string) => Headers,
): Asked {
  for (const [token, secret] of [
    [sessionToken, right],
    [limitedToken, limited],
  ] as const) {
    const mark = Object.entries(carried(token))
    if (mark.some(([name, value]) => asked.headers[name] !== value)) continue
    const others = Object.entries(asked.headers).filter(([name]) => !(name in carried(token)))
    return { ...asked, headers: { ...Object.fromEntries(others), ...taken(secret) } }
  }
  return asked
}
