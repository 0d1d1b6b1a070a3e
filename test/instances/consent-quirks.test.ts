import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call, countStored } from '../support/client.ts'
import { consentElement, me } from '../support/consent-elements.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { until } from '../support/until.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const callbackUrl = 'https://app.example/callback'
const app = { apiKey: 'client', apiSecret: 'client-secret-of-some-length-4711' }
const token = 'access-token-of-some-length-0815'

/** With entries that the redirect or the token answer tells. */
function telling(id: number, key: string, changes: object, entries: object[], more: object = {}) {
  const element = consentElement(id, key, changes, more)
  return { ...element, entries: [...element.entries, ...entries] }
}
const text = (key: string, more: object = {}) => ({
  key,
  name: key,
  type: 'text',
  discovered: true,
  ...more,
})
const definitions = [
  // As Zoho and Pipedrive do.
  telling(
    9861,
    'nested',
    {
      scopes: ['crm.all', 'crm.read'],
      scopeSeparator: ',',
      clientAuthentication: 'post',
      bodyFormat: 'json',
      parameters: { audience: 'https://api.example', resource: '{user}' },
      extract: {
        'session.token': { json: '/data/token' },
        'session.refreshToken': { json: '/data/renewal' },
        'session.seconds': { json: '/data/ends' },
        domain: { json: '/api_domain' },
      },
      expires: 'unixMillis',
      tokenType: 'Zoho',
      headers: { authorization: 'Zoho-oauthtoken {session.token}' },
      query: { format: 'json' },
    },
    [text('domain', { type: 'url', hosts: ['127.0.0.1'] })],
    { baseUrl: '{domain}/crm' },
  ),
  // As QuickBooks does.
  telling(
    9862,
    'company',
    { fromRedirect: { realm: 'realmId' } },
    [text('realm', { name: 'Company', pattern: '[0-9]{1,20}', normalise: 'trim' })],
    { baseUrl: '{server}/company/{realm}' },
  ),
  // As Salesforce does in its answer, and others in the redirect.
  telling(
    9863,
    'placed',
    { fromRedirect: { home: 'location', kind: 'kind' } },
    [
      text('home', { type: 'url', hosts: ['127.0.0.1'] }),
      text('kind', { options: [{ value: 'shop' }, { value: 'outlet' }] }),
    ],
    { baseUrl: '{home}/api', probes: [{ ...me.probes[0]!, headers: { kind: '{kind}' } }] },
  ),
  // As Slack does: no PKCE, no expiry, another header.
  telling(
    9864,
    'plain',
    { pkce: false, headers: { 'x-access-token': '{session.token}' }, scopes: undefined },
    [],
  ),
]

let world: World
let vendor: WebServer
let answers: (request: Received) => Reply | Promise<Reply>
const granted = (more: object = {}): Reply => ({
  body: {
    access_token: token,
    token_type: 'Bearer',
    expires_in: 3600,
    refresh_token: 'refresh-token-0815',
    ...more,
  },
})
beforeAll(async () => {
  vendor = await startWebServer((request) => answers(request))
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
beforeEach(() => {
  vendor.received.length = 0
  answers = ({ path }) => (path === '/token' ? granted() : {})
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

/** Asks for a consent, and answers the vendor's page and what its redirect would say. */
async function consent(key: string) {
  const query = new URLSearchParams({ ...app, callbackUrl, server: vendor.url })
  const { body } = await call(world, 'GET', `/elements/${key}/oauth/url?${query}`)
  const redirect = { code: 'code-of-some-length-4711', state: body.state }
  return { page: new URL(body.oauthUrl), redirect }
}
const provision = (key: string, providerData: object, configuration: object = {}) =>
  call(world, 'POST', '/instances', {
    body: { element: { key }, name: 'N', configuration, providerData },
  })
/** Provisions with a redirect that says this besides a code. */
async function connect(key: string, more: object = {}, configuration: object = {}) {
  const { page, redirect } = await consent(key)
  return { ...(await provision(key, { ...redirect, ...more }, configuration)), page }
}
const tokensOf = async (id: number) => JSON.parse(await openSecret(world, id, '$oauth'))

test('a token request, its answer and the token’s place are as the definition says', async () => {
  const ends = Date.now() + 600_000
  answers = ({ path }) =>
    path === '/token'
      ? {
          body: {
            data: { token, renewal: 'renewal-token-0815', ends },
            token_type: 'zoho',
            api_domain: vendor.url,
          },
        }
      : {}
  const { status, body, page } = await connect('nested', {}, { user: 'me' })
  expect({ status, state: body.state }).toEqual({ status: 200, state: 'verified' })
  expect(page.searchParams.get('scope')).toBe('crm.all,crm.read')
  expect(body.configuration.domain).toBe(vendor.url)
  const [asked, probed] = vendor.received
  expect(JSON.parse(asked!.body)).toEqual({
    grant_type: 'authorization_code',
    code: 'code-of-some-length-4711',
    redirect_uri: callbackUrl,
    code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    client_id: app.apiKey,
    client_secret: app.apiSecret,
    audience: 'https://api.example',
    resource: 'me',
  })
  expect([probed!.path, probed!.headers.authorization]).toEqual([
    '/crm/api/me?format=json',
    `Zoho-oauthtoken ${token}`,
  ])
  const tokens = await tokensOf(body.id)
  expect(tokens).toMatchObject({ accessToken: token, refreshToken: 'renewal-token-0815' })
  expect(Math.abs(Date.parse(tokens.expiresAt) - ends)).toBeLessThan(2_000)
})

test('a vendor without PKCE gets no challenge and no verifier', async () => {
  answers = ({ path }) =>
    path === '/token' ? granted({ expires_in: undefined, refresh_token: undefined }) : {}
  const { body, page } = await connect('plain')
  expect(body.state).toBe('verified')
  expect(page.searchParams.has('code_challenge')).toBe(false)
  expect(page.searchParams.has('scope')).toBe(false)
  expect(new URLSearchParams(vendor.received[0]!.body).has('code_verifier')).toBe(false)
  expect(vendor.received[1]!.headers['x-access-token']).toBe(token)
  expect(await tokensOf(body.id)).toMatchObject({ expiresAt: null, refreshToken: null })
})

describe('what the redirect tells', () => {
  test('becomes configuration, and is used', async () => {
    const { status, body } = await connect('company', { realmId: ' 4711 ' })
    expect({ status, realm: body.configuration?.realm }).toEqual({ status: 200, realm: '4711' })
    expect(vendor.received[1]!.path).toBe('/company/4711/api/me')
    const read = await call(world, 'GET', `/instances/${body.id}`)
    expect(read.body.configuration.realm).toBe('4711')
  })

  test('may be a number, and where the vendor lives', async () => {
    expect((await connect('company', { realmId: 4711 })).body.configuration.realm).toBe('4711')
    const { body } = await connect('placed', { location: `${vendor.url}/eu`, kind: 'shop' })
    expect(body.configuration).toMatchObject({ home: `${vendor.url}/eu`, kind: 'shop' })
    const { path, headers } = vendor.received.at(-1)!
    expect([path, headers.kind]).toEqual(['/eu/api/api/me', 'shop'])
  })

  test('has to be there, all of it', async () => {
    const { status, body } = await connect('placed')
    expect({ status, code: body.code, missing: body.missing }).toEqual({
      status: 400,
      code: 'configuration-incomplete',
      missing: [
        { key: 'providerData.location', name: 'home' },
        { key: 'providerData.kind', name: 'kind' },
      ],
    })
    expect(vendor.received).toEqual([])
  })

  const good = { location: 'https://127.0.0.1', kind: 'shop' }
  test.each<[what: string, key: string, redirect: object, parameter: string]>([
    ['of another form', 'company', { realmId: '47a' }, 'realmId'],
    ['that leads elsewhere by its path', 'company', { realmId: '../1' }, 'realmId'],
    ['that is a list', 'company', { realmId: ['4711'] }, 'realmId'],
    ['that is very long', 'company', { realmId: '1'.repeat(9000) }, 'realmId'],
    ['that nobody offers', 'placed', { ...good, kind: 'bank' }, 'kind'],
    ['on a foreign host', 'placed', { ...good, location: 'https://attacker.example' }, 'location'],
    ['with a password', 'placed', { ...good, location: 'http://a:b@127.0.0.1' }, 'location'],
    ['that is no address', 'placed', { ...good, location: 'nowhere at all' }, 'location'],
  ])('is refused where it is something %s', async (_, key, redirect, parameter) => {
    const before = await countStored(world)
    const { status, body } = await connect(key, redirect)
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'configuration-invalid' })
    expect(body.invalid).toEqual([{ key: `providerData.${parameter}`, reason: expect.any(String) }])
    expect(vendor.received).toEqual([])
    expect((await countStored(world)).instances).toBe(before.instances)
  })

  test('is not one of the secrets, which would be answered then', async () => {
    const numeric = '471108154711081547110815'.slice(0, 20)
    const { body } = await connect('company', { code: numeric, realmId: numeric })
    expect(body).toMatchObject({
      code: 'configuration-invalid',
      invalid: [{ key: 'providerData.realmId', reason: expect.stringContaining('secret') }],
    })
  })

  test('is not for the configuration to say', async () => {
    const { body } = await connect('company', { realmId: '1' }, { realm: '2' })
    expect(body.configuration.realm).toBe('1')
  })

  test('is not needed for a draft', async () => {
    const configuration = { server: vendor.url, id: 'client', secret: app.apiSecret }
    const body = { element: { key: 'placed' }, name: 'N', verify: false, configuration }
    const answer = await call(world, 'POST', '/instances', { body })
    expect(answer.body).toMatchObject({ state: 'draft', configuration: { home: null } })
  })
})

test('a code is sent once, however the vendor fails', async () => {
  for (const status of [500, 503, 429, 400]) {
    vendor.received.length = 0
    answers = () => ({ status, body: { error: 'server_error' } })
    expect((await connect('plain')).status).toBeGreaterThanOrEqual(400)
    expect(vendor.received).toHaveLength(1)
  }
})

test('a place that is not to be had costs no consent', async () => {
  const gate = Promise.withResolvers<void>()
  answers = async ({ path }) => {
    await gate.promise
    return path === '/token' ? granted() : {}
  }
  const others = Array.from({ length: 5 }, () => connect('plain'))
  await until(() => vendor.received.length === 5)
  const { redirect } = await consent('plain')
  const busy = await provision('plain', redirect)
  expect({ status: busy.status, code: busy.body.code }).toEqual({
    status: 429,
    code: 'probes-busy',
  })
  gate.resolve()
  for (const other of await Promise.all(others)) expect(other.body.state).toBe('verified')
  expect((await provision('plain', redirect)).body.state).toBe('verified')
})
