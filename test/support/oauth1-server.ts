import { randomBytes } from 'node:crypto'
import {
  type ReadRequest,
  readRequest,
  type SignedRequest,
  signature,
  signatureBase,
} from './oauth1-verifier.ts'
import { type Received, type Reply, startWebServer } from './web-server.ts'

export interface OAuth1Client {
  key: string
  secret: string
}

/** A token that a resource owner has given to a client. */
export interface OAuth1Token {
  client: string
  token: string
  secret: string
}

export interface OAuth1Options {
  clients: OAuth1Client[]
  tokens?: OAuth1Token[]
  /** Seconds that its clock is ahead of ours. */
  ahead?: number
  /** What its API wants to be told. */
  realm?: string
  /** As before the revision 1.0a: it never says that it has understood the callback. */
  old?: boolean
  /** Of its answers with tokens; left out: that of a form. */
  contentType?: string
}

/** An OAuth 1.0a server (RFC 5849), and an API beside it at `/api/me` and `/api/form`. */
export interface OAuth1Server extends AsyncDisposable {
  url: string
  received: Received[]
  /** The signatures that it was sent. */
  signatures: string[]
  /** Every token and secret that it has issued. */
  issued: string[]
  /** Consents as a resource owner in a browser, and answers where the browser is sent to. */
  consent(authorizeUrl: string): Promise<URL>
}

interface Pending extends OAuth1Token {
  callback: string
  verifier?: string
}

/** Section 3.2: 400 for what cannot be understood, 401 for who is not known. */
class Refused extends Error {
  readonly status: number
  readonly base: string

  constructor(problem: string, status = 401, base = '') {
    super(problem)
    this.status = status
    this.base = base
  }
}

const freshSeconds = 300
const form = 'application/x-www-form-urlencoded'

export async function startOAuth1Server(options: OAuth1Options): Promise<OAuth1Server> {
  const clients = new Map(options.clients.map(({ key, secret }) => [key, secret]))
  const tokens = new Map((options.tokens ?? []).map((one) => [one.token, one]))
  const pending = new Map<string, Pending>()
  const used = new Set<string>()
  const signatures: string[] = []
  const issued: string[] = []
  let origin = ''

  const draw = () => {
    const text = `${randomBytes(12).toString('hex')}+/=`
    issued.push(text)
    return text
  }

  /** Who asks, where the signature is right. */
  function verify(received: Received, secretOf: (token: string) => OAuth1Token | undefined) {
    const request: SignedRequest = {
      method: received.method,
      url: origin + received.path,
      authorization: received.headers.authorization,
      contentType: received.headers['content-type'],
      body: received.body,
    }
    const read = readRequest(request)
    if (!read) throw new Refused('parameter_rejected', 400)
    const value = (name: string) => read.oauth.get(`oauth_${name}`)
    for (const name of ['consumer_key', 'signature', 'signature_method', 'timestamp', 'nonce']) {
      if (!value(name)) throw new Refused('parameter_absent', 400)
    }
    signatures.push(value('signature')!)
    if (value('version') !== undefined && value('version') !== '1.0') {
      throw new Refused('version_rejected', 400)
    }
    const consumerSecret = clients.get(value('consumer_key')!)
    if (consumerSecret === undefined) throw new Refused('consumer_key_unknown')
    const token = value('token')
    const known = token === undefined ? undefined : secretOf(token)
    if (token !== undefined && known?.client !== value('consumer_key')) {
      throw new Refused('token_rejected')
    }
    const now = Date.now() / 1000 + (options.ahead ?? 0)
    const isTime = /^[1-9]\d*$/.test(value('timestamp')!)
    if (!isTime || Math.abs(now - Number(value('timestamp'))) > freshSeconds) {
      throw new Refused('timestamp_refused')
    }
    const base = signatureBase(request, read)
    const wanted = signature(value('signature_method'), base, consumerSecret, known?.secret ?? '')
    if (wanted === undefined) throw new Refused('signature_method_rejected', 400)
    if (wanted !== value('signature')) throw new Refused('signature_invalid', 401, base)
    const once = ['consumer_key', 'token', 'timestamp', 'nonce'].map(value).join(' ')
    if (used.has(once)) throw new Refused('nonce_used')
    used.add(once)
    return { read, value, known }
  }

  const answer = (fields: Record<string, string>): Reply => ({
    headers: { 'content-type': options.contentType ?? form },
    body: new URLSearchParams(fields).toString(),
  })

  function requestToken(received: Received): Reply {
    const { value, known } = verify(received, () => undefined)
    const callback = value('callback')
    if (known || !callback || (callback !== 'oob' && !URL.canParse(callback))) {
      throw new Refused('parameter_absent', 400)
    }
    const one = { client: value('consumer_key')!, token: draw(), secret: draw(), callback }
    pending.set(one.token, one)
    const confirmed: Record<string, string> = options.old
      ? {}
      : { oauth_callback_confirmed: 'true' }
    return answer({ oauth_token: one.token, oauth_token_secret: one.secret, ...confirmed })
  }

  function authorize(query: URLSearchParams): Reply {
    const one = pending.get(query.get('oauth_token') ?? '')
    if (!one || one.verifier) return { status: 400, body: 'No such request token.' }
    one.verifier = draw()
    const back = new URL(one.callback)
    back.searchParams.set('oauth_token', one.token)
    back.searchParams.set('oauth_verifier', one.verifier)
    return { status: 302, headers: { location: back.href } }
  }

  function accessToken(received: Received): Reply {
    const { value, known } = verify(received, (token) => pending.get(token))
    const one = known && pending.get(known.token)
    if (!one) throw new Refused('parameter_absent', 400)
    if (!one.verifier || one.verifier !== value('verifier')) throw new Refused('verifier_invalid')
    pending.delete(one.token)
    const given = { client: one.client, token: draw(), secret: draw() }
    tokens.set(given.token, given)
    return answer({
      oauth_token: given.token,
      oauth_token_secret: given.secret,
      user_id: '4711',
      screen_name: 'someone',
    })
  }

  function api(received: Received): Reply {
    const { read, known } = verify(received, (token) => tokens.get(token))
    if (!known) throw new Refused('token_rejected')
    if (options.realm !== undefined && read.realm !== options.realm) {
      throw new Refused('realm_rejected')
    }
    return { body: { parameters: applicationParameters(read) } }
  }

  const routes: Record<string, (received: Received) => Reply> = {
    'POST /oauth/request_token': requestToken,
    'GET /oauth/request_token': requestToken,
    'POST /oauth/access_token': accessToken,
    'GET /oauth/access_token': accessToken,
    'GET /oauth/authorize': ({ path }) => authorize(new URL(path, origin).searchParams),
    'GET /api/me': api,
    'POST /api/form': api,
  }

  const server = await startWebServer((received) => {
    const at = `${received.method} ${new URL(received.path, origin).pathname}`
    try {
      return routes[at]?.(received) ?? { status: 404, body: 'Nothing is here.' }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return refuse(error, received)
    }
  })
  origin = server.url
  return {
    url: server.url,
    received: server.received,
    signatures,
    issued,
    async consent(authorizeUrl) {
      const { status, headers } = await fetch(authorizeUrl, { redirect: 'manual' })
      if (status !== 302) throw new Error(`the page of consent answered ${status}`)
      return new URL(headers.get('location')!)
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Talkative, as such servers are: it says what it was sent, and what it wanted to be signed. */
function refuse({ status, message, base }: Refused, { path, headers }: Received): Reply {
  const advice = `${message} for ${path}: ${headers.authorization} ${base}`
  return {
    status,
    headers: { 'content-type': form, 'www-authenticate': `OAuth oauth_problem="${message}"` },
    body: new URLSearchParams({ oauth_problem: message, oauth_problem_advice: advice }).toString(),
  }
}

function applicationParameters({ parameters }: ReadRequest): [string, string][] {
  return parameters.filter(([name]) => !name.startsWith('oauth_'))
}
