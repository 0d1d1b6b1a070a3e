import { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { type ClientMetadata, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { type Listener, listen, listenTls } from '../egress/listener.ts'

export interface OAuthServer extends AsyncDisposable {
  url: string
  /** Token requests that were answered with a token. */
  readonly granted: number
  /** A refresh token such as an application obtained in a browser. */
  issueRefreshToken(clientId: string): Promise<string>
}

/** An OAuth server that knows these clients, and an API beside it at `/api/me` that wants its tokens. */
export async function startOAuthServer(
  clients: ClientMetadata[],
  tls?: { key: string; cert: string; ca: string },
): Promise<OAuthServer> {
  let provider: Provider
  let granted = 0
  const handle = (request: IncomingMessage, response: Parameters<Handler>[1]) => {
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
    ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 600, IdToken: 600, RefreshToken: 600 },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  })
  provider.on('grant.success', () => {
    granted += 1
  })
  return {
    url: server.origin,
    get granted() {
      return granted
    },
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

type Handler = Parameters<typeof listen>[0]

function certificateOf({ socket }: KoaContextWithOIDC) {
  return (socket as TLSSocket).getPeerCertificate()
}

async function isValid(provider: Provider, token: string): Promise<boolean> {
  const found =
    (await provider.ClientCredentials.find(token)) ?? (await provider.AccessToken.find(token))
  return found?.isValid ?? false
}
