import { type Received, type Reply, startWebServer, type WebServer } from './web-server.ts'

/**
 * A vendor whose tokens can be revoked. It rotates refresh tokens: one that was used is refused; or
 * it does not. What it answers next can be said beforehand.
 */
export interface TokenServer extends AsyncDisposable {
  url: string
  /** To the token endpoint, in order. */
  readonly asked: Received[]
  /** Access tokens that its API takes. */
  valid: Set<string>
  /** Refresh tokens that may be used. */
  usable: Set<string>
  rotates: boolean
  /** What its client has to send. */
  secret: string
  /** How long its tokens live; null: it does not say. */
  lifeSeconds: number | null
  /** Answered before anything else, each once. `grant` does what the vendor does on good days. */
  next: ((grant: () => Reply) => Reply | Promise<Reply>)[]
  /** The refresh token that an application obtained in a browser. */
  consent(): string
}

export const clientSecret = 'client-secret-of-some-length'

export async function startTokenServer(): Promise<TokenServer> {
  let count = 0
  const grant = ({ body }: Received): Reply => {
    const sent = Object.fromEntries(new URLSearchParams(body))
    if (sent.client_secret !== server.secret) {
      return { status: 401, body: { error: 'invalid_client' } }
    }
    const isRefresh = sent.grant_type === 'refresh_token'
    const renews = (isRefresh && server.rotates) || sent.grant_type === 'password'
    if (isRefresh && !server.usable.has(sent.refresh_token!)) {
      return { status: 400, body: { error: 'invalid_grant', error_description: 'unknown' } }
    }
    count += 1
    const accessToken = `access-token-number-${count}-of-some-length`
    const rotated = `refresh-token-number-${count}-of-some-length`
    server.valid.add(accessToken)
    if (renews) {
      server.usable.delete(sent.refresh_token!)
      server.usable.add(rotated)
    }
    return {
      body: {
        access_token: accessToken,
        token_type: 'Bearer',
        ...(server.lifeSeconds !== null && { expires_in: server.lifeSeconds }),
        ...(renews && { refresh_token: rotated }),
      },
    }
  }
  const web: WebServer = await startWebServer((request) => {
    const { path, headers } = request
    if (path.startsWith('/token')) {
      server.asked.push(request)
      const next = server.next.shift()
      return next ? next(() => grant(request)) : grant(request)
    }
    const token = String(headers.authorization).replace('Bearer ', '')
    const knows = server.valid.has(token)
    if (path === '/marked') return { body: knows ? { ok: true } : { error: 'session expired' } }
    return { status: knows ? 200 : 401, body: { ok: knows } }
  })
  const server: TokenServer = {
    url: web.url,
    asked: [],
    valid: new Set(),
    usable: new Set(),
    rotates: true,
    secret: clientSecret,
    lifeSeconds: 3600,
    next: [],
    consent() {
      count += 1
      const token = `brought-refresh-token-number-${count}`
      server.usable.add(token)
      return token
    },
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  }
  return server
}
