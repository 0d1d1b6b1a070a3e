import { X509Certificate } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { type ClientMetadata, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { type Listener, listen, listenTls } from '../egress/listener.ts'

export interface OAuthServer extends AsyncDisposable {
  url: string
  /** Token requests that were answered with a token. */
  readonly granted: number
  /** What is added to its redirects, besides what OAuth wants there. */
  redirectParameters: Record<string, string>
  /** The bodies of token requests, in order. */
  readonly tokenRequests: URLSearchParams[]
  /** A refresh token such as an application obtained in a browser. */
  issueRefreshToken(clientId: string): Promise<string>
}

/**
 * An OAuth server that knows these clients, asks somebody with a form for a consent, and wants PKCE
 * of clients whose id ends in `-pkce`; and an API beside it at `/api/me` that wants its tokens. */
export async function startOAuthServer(
  clients: ClientMetadata[],
  tls?: { key: string; cert: string; ca: string },
): Promise<OAuthServer> {
  let provider: Provider
  let granted = 0
  const tokenRequests: URLSearchParams[] = []
  const added: { parameters: Record<string, string> } = { parameters: {} }
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/interaction/')) return void interact(provider, request, response)
    addToRedirects(response, server.origin, () => added.parameters)
    if (request.url !== '/api/me') return void provider.callback()(request, response)
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
    void isValid(provider, token).then((valid) => response.writeHead(valid ? 200 : 401).end())
  }
  const server: Listener = tls
    ? await listenTls({ ...tls, requestCert: true, rejectUnauthorized: false }, handle)
    : await listen(handle)
  provider = new Provider(server.origin, {
    clients,
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'tls_client_auth',
      'none',
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        getCertificate: (context) => new X509Certificate(certificateOf(context).raw),
        certificateAuthorized: ({ socket }) => (socket as TLSSocket).authorized,
        certificateSubjectMatches: (context, _property, expected) =>
          certificateOf(context).subjectaltname === `DNS:${expected}`,
      },
    },
    scopes: ['openid', 'offline_access', 'read', 'write', 'admin'],
    rotateRefreshToken: true,
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    pkce: { required: (_, { clientId }) => clientId.endsWith('-pkce') },
    ttl: {
      AccessToken: 600,
      ClientCredentials: 600,
      Grant: 600,
      IdToken: 600,
      RefreshToken: 600,
      Session: 600,
      Interaction: 600,
      AuthorizationCode: 60,
    },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  })
  provider.use(async (context, next) => {
    await next()
    const { body } = (context.oidc ?? {}) as { body?: Record<string, string> }
    if (context.path === '/token' && body) tokenRequests.push(new URLSearchParams(body))
  })
  provider.on('grant.success', () => {
    granted += 1
  })
  return {
    url: server.origin,
    get granted() {
      return granted
    },
    get redirectParameters() {
      return added.parameters
    },
    set redirectParameters(parameters) {
      added.parameters = parameters
    },
    tokenRequests,
    async issueRefreshToken(clientId) {
      const client = (await provider.Client.find(clientId))!
      const whose = { accountId: 'someone', clientId }
      const grant = new provider.Grant(whose)
      const scope = 'openid offline_access'
      grant.addOIDCScope(scope)
      const grantId = await grant.save()
      const token = new provider.RefreshToken({
        ...whose,
        client,
        grantId,
        scope,
        gty: 'authorization_code',
      })
      return token.save()
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** A form, and what comes of its answer: a login, then a consent to all that was asked for. */
async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response)
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/html' })
    return response.end(
      `<!doctype html><title>Vendor</title><form method="post">${prompt.name}
      <button name="answer" value="grant">Allow</button>
      <button name="answer" value="deny">Refuse</button></form>`,
    )
  }
  let form = ''
  for await (const chunk of request) form += chunk
  if (form === 'answer=deny') {
    const result = { error: 'access_denied', error_description: 'End-User aborted interaction' }
    return provider.interactionFinished(request, response, result)
  }
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: 'someone' } })
  }
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  const grant =
    known ??
    new provider.Grant({ accountId: session!.accountId, clientId: String(params.client_id) })
  grant.addOIDCScope(String(params.scope ?? ''))
  const result = { consent: { grantId: await grant.save() } }
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true })
}

/** Some vendors tell more in a redirect than OAuth does. */
function addToRedirects(
  response: ServerResponse,
  origin: string,
  parameters: () => Record<string, string>,
) {
  const set = response.setHeader.bind(response)
  response.setHeader = (name, value) => {
    if (name.toLowerCase() !== 'location') return set(name, value)
    const url = new URL(String(value), origin)
    if (url.origin === origin) return set(name, value)
    for (const [key, text] of Object.entries(parameters())) url.searchParams.set(key, text)
    return set(name, url.href)
  }
}

function certificateOf({ socket }: KoaContextWithOIDC) {
  return (socket as TLSSocket).getPeerCertificate()
}

async function isValid(provider: Provider, token: string): Promise<boolean> {
  const found =
    (await provider.ClientCredentials.find(token)) ?? (await provider.AccessToken.find(token))
  return found?.isValid ?? false
}
