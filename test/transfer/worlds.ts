import type { ClientMetadata } from 'oidc-provider'
import { type Listener, listenTls } from '../egress/listener.ts'
import { operate, startOperatedWorld } from '../operator/operator.ts'
import { createAuthority } from '../support/authority.ts'
import { Browser, parametersOf } from '../support/browser.ts'
import { type Answer, call } from '../support/client.ts'
import { consentElement } from '../support/consent-elements.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts'
import { byConsent, oauth1Element } from '../support/oauth1-elements.ts'
import type { OAuth1Server } from '../support/oauth1-server.ts'
import { startTokenServer, type TokenServer } from '../support/token-server.ts'
import type { World } from '../support/world.ts'
import { gatedElement, type Line, startVendor, type Vendor } from './scene.ts'

const callbackUrl = 'https://app.example/callback'
export const clientSecret = 'client-secret-of-the-app-and-long-enough'
const client: ClientMetadata = {
  client_id: 'the-app',
  client_secret: clientSecret,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [callbackUrl],
}
const probing = {
  probes: [{ method: 'GET', path: 'me', rules: [{ when: { status: 200 }, verdict: 'verified' }] }],
}
const mutualElement = {
  ...gatedElement,
  id: 9812,
  key: 'mutual',
  name: 'Mutual',
  entries: [
    { key: 'server', name: 'Server', type: 'url', required: true },
    { key: 'cert', name: 'Certificate', type: 'certificate', required: true },
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'certificate', name: 'Certificate', certificate: 'cert' }],
  probes: probing.probes,
}
const telling = consentElement(9815, 'telling', { fromRedirect: { realm: 'realmId' } })
const realm = { key: 'realm', name: 'Company', type: 'text', discovered: true }
const definitions = [
  gatedElement,
  mutualElement,
  consentElement(9813, 'consents'),
  { ...telling, entries: [...telling.entries, realm] },
  oauth1Element(9816, 'signed', { ...byConsent, callbackUrl: '{callback}' }),
  oauthElement(
    9814,
    'brought',
    { clientAuthentication: 'post', grant: 'refreshToken', refreshToken: '{refresh}' },
    probing,
  ),
]

/** Two installations, each with a database and keys of its own, and the vendors that both reach. */
export interface Worlds extends AsyncDisposable {
  source: World
  target: World
  vendor: Vendor
  tokens: TokenServer
  oauth: OAuthServer
  mutual: Listener
  /** A certificate that `mutual` knows, in PEM. */
  certificate: { cert: string; key: string }
}

export async function startWorlds(): Promise<Worlds> {
  await using resources = new AsyncDisposableStack()
  const authority = createAuthority()
  const vendor = resources.use(await startVendor())
  resources.defer(async () => vendor.open())
  const tokens = resources.use(await startTokenServer())
  const oauth = resources.use(await startOAuthServer([client]))
  const mutual = resources.use(
    await listenTls(
      {
        ...authority.issue({ names: ['127.0.0.1'] }),
        ca: authority.caPem,
        requestCert: true,
        rejectUnauthorized: true,
      },
      (_, response) => void response.end(),
    ),
  )
  const options = { definitions, allow: ['127.0.0.1'], egress: { ca: authority.caPem } }
  const source = resources.use(await startOperatedWorld(options))
  const target = resources.use(await startOperatedWorld(options))
  const certificate = authority.issue({ names: ['acme.example'], clientAuth: true })
  const owned = resources.move()
  return {
    ...{ source, target, vendor, tokens, oauth, mutual, certificate },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

type Caller = Pick<World, 'url' | 'authorization'>

/** A new import key of the caller's. */
export async function newKey(target: Caller, body: object = {}) {
  const answer = await call(target, 'POST', '/imports/keys', { body })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body as { id: number; publicKey: Record<string, string>; expiresAt: string }
}

// biome-ignore lint/suspicious/noExplicitAny: a test states what it expects
export type Exported = Record<string, any>

/** The operator lets instances of the caller's organization leave for the key. */
export async function allowKey(source: Caller, publicKey: { kid?: string }, more: object = {}) {
  const { body: caller } = await call(source, 'GET', '/authentication')
  const path = `/${caller.organizationId}/export-keys/${publicKey.kid}`
  return operate(source, 'PUT', path, { publicKey, ...more })
}

/** What is exported for a key that the operator allows, line by line. */
export async function exportFrom(
  source: Caller,
  body: { publicKey: { kid?: string }; [choice: string]: unknown },
) {
  await allowKey(source, body.publicKey)
  const answer = await call(source, 'POST', '/instances/export', { body })
  return { answer, lines: answer.status === 200 ? linesOf(answer) : [] }
}

/** What comes of lines, in their order. */
export async function importInto(target: Caller, lines: unknown[], query = '') {
  const body = lines
    .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
    .join('\n')
  const headers = { 'content-type': 'application/x-ndjson' }
  const answer = await call(target, 'POST', `/imports${query}`, { body, headers })
  const results = answer.status === 200 ? (linesOf(answer) as Line[]) : []
  return { answer, results: results.sort((one, other) => one.line - other.line) }
}

function linesOf({ text }: Answer): Exported[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

/** An instance; throws where it is refused. */
export async function provision(world: Caller, body: object) {
  const answer = await call(world, 'POST', '/instances', { body: { name: 'Acme', ...body } })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body
}

/** What the callback received after somebody's consent. */
export async function consent(
  { source, oauth }: Pick<Worlds, 'source' | 'oauth'>,
  app: object,
  element = 'consents',
) {
  const query = new URLSearchParams({ callbackUrl, server: oauth.url, ...app })
  const { body } = await call(source, 'GET', `/elements/${element}/oauth/url?${query}`)
  return parametersOf(await new Browser().consent(body.oauthUrl))
}

/** The same at a server of OAuth 1. */
export async function consent1(source: Caller, signing: OAuth1Server, app: object) {
  const query = new URLSearchParams({ callbackUrl, server: signing.url, ...app })
  const { body } = await call(source, 'GET', `/elements/signed/oauth/url?${query}`)
  return parametersOf(await signing.consent(body.oauthUrl))
}
