import { createHash, randomBytes } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { bytesOf, type Values, type VendorRequest } from '../exchange/request.ts'
import { escapes, RenderError, render, secretMask } from '../exchange/template.ts'
import { type Challenge, readChallenges } from './challenge.ts'
import { withHeaders } from './header.ts'
import { type AuthenticationType, common, strict, Template } from './type.ts'

const schema = Type.Object(
  { type: Type.Literal('digest'), ...common, username: Template, password: Template },
  strict,
)

type Digest = Static<typeof schema>

/** The strongest first; each also as `…-sess`. */
const hashes = { 'sha-512-256': 'sha512-256', 'sha-256': 'sha256', md5: 'md5' }

/** HTTP Digest authentication (RFC 7616), in UTF-8: the vendor asks first. */
export const digest = {
  schema,
  // Only `auth-int` covers it, which vendors ask for when they are asked.
  seesBody: () => false,
  sign(request, authentication, values) {
    // What cannot be used is refused before anything is sent.
    credentialsOf(authentication, values)
    return request
  },
  mask(request, authentication, values) {
    const { username } = credentialsOf(authentication, values)
    return authorize(request, { ...nameIt(username), uri: uriOf(request), response: secretMask })
  },
  /** Once for a challenge, and once more only where the vendor says that its nonce was too old. */
  signAgain(request, authentication, values, { status, headers, used = 0 }, sent) {
    const challenge = status === 401 && chooseChallenge(headers['www-authenticate'])
    if (!challenge) return undefined
    const stale = challenge.parameters.get('stale')?.toLowerCase() === 'true'
    const refused = sent.headers.authorization !== request.headers.authorization
    if (refused && !stale) return undefined
    const credentials = credentialsOf(authentication, values)
    return authorize(request, answer(challenge, request, credentials, used + 1))
  },
} as const satisfies AuthenticationType<Digest> & { schema: unknown }

type Parameters = Record<string, string | undefined>

/** A challenge that we can answer, and how. */
interface Chosen extends Challenge {
  hash: string
  session: boolean
  qop: 'auth' | 'auth-int' | undefined
}

function chooseChallenge(header: string | string[] | undefined): Chosen | undefined {
  const challenges = readChallenges(header).flatMap((challenge) => understand(challenge) ?? [])
  const strength = ({ hash }: Chosen) => Object.values(hashes).indexOf(hash)
  return challenges.toSorted((one, other) => strength(one) - strength(other))[0]
}

function understand(challenge: Challenge): Chosen | undefined {
  const { scheme, parameters } = challenge
  if (scheme !== 'digest' || !parameters.has('realm') || !parameters.has('nonce')) return undefined
  const algorithm = parameters.get('algorithm')?.toLowerCase() ?? 'md5'
  const session = algorithm.endsWith('-sess')
  const name = session ? algorithm.slice(0, -'-sess'.length) : algorithm
  const offered = parameters
    .get('qop')
    ?.toLowerCase()
    .match(/[^\s,]+/g)
  const qop = (['auth', 'auth-int'] as const).find((one) => offered?.includes(one))
  if (!Object.hasOwn(hashes, name) || (offered && !qop)) return undefined
  return { ...challenge, hash: hashes[name as keyof typeof hashes], session, qop }
}

/** RFC 7616, section 3.4; without `qop`, RFC 2069, section 2.4. */
function answer(
  { hash, session, qop, parameters }: Chosen,
  request: VendorRequest,
  { username, password }: ReturnType<typeof credentialsOf>,
  times: number,
): Parameters {
  const h = (...parts: string[]) => createHash(hash).update(parts.join(':'), 'latin1').digest('hex')
  const [realm, nonce] = [parameters.get('realm')!, parameters.get('nonce')!]
  const [cnonce, uri] = [randomBytes(16).toString('hex'), uriOf(request)]
  const count = times.toString(16).padStart(8, '0')
  const secret = h(bytesOf(username), realm, bytesOf(password))
  const a1 = session ? h(secret, nonce, cnonce) : secret
  const covered = qop === 'auth-int' ? [h(bytesOf(request.body ?? ''))] : []
  const a2 = h(request.method, uri, ...covered)
  const hidden = parameters.get('userhash')?.toLowerCase() === 'true'
  return {
    ...(hidden ? { username: h(bytesOf(username), realm), userhash: 'true' } : nameIt(username)),
    realm,
    nonce,
    uri,
    algorithm: parameters.get('algorithm'),
    opaque: parameters.get('opaque'),
    cnonce: qop || session ? cnonce : undefined,
    qop,
    nc: qop && count,
    response: qop ? h(a1, nonce, count, cnonce, qop, a2) : h(a1, nonce, a2),
  }
}

/** What is not ASCII goes the way of RFC 8187. */
function nameIt(username: string): Parameters {
  if (/^[\x20-\x7e]*$/.test(username)) return { username }
  const encoded = encodeURIComponent(username).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return { 'username*': `UTF-8''${encoded}` }
}

/** RFC 7616, section 3.4: these are not quoted, and the others are. */
const bare = ['algorithm', 'qop', 'nc', 'userhash', 'username*']

function authorize(request: VendorRequest, parameters: Parameters): VendorRequest {
  const written = Object.entries(parameters).flatMap(([name, value]) => {
    if (value === undefined) return []
    return bare.includes(name) ? `${name}=${value}` : `${name}="${value.replace(/["\\]/g, '\\$&')}"`
  })
  return withHeaders(request, [['authorization', `Digest ${written.join(', ')}`]])
}

function uriOf({ url }: VendorRequest): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

function credentialsOf(authentication: Digest, values: Values) {
  const username = render(authentication.username, values, (value, key) => {
    if (/\p{Cc}/u.test(value)) throw new RenderError(key, 'must not contain control characters')
    return value
  })
  return { username, password: render(authentication.password, values, escapes.text) }
}
