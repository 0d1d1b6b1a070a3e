import { generateKeyPairSync } from 'node:crypto'
import { jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { listen } from '../egress/listener.ts'
import { call, countStored } from '../support/client.ts'
import { oauthElement, openSecret } from '../support/oauth-elements.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const token = 'access-token-of-some-length-0815'
const me = {
  probes: [{ method: 'GET', path: 'me', rules: [{ when: { status: 200 }, verdict: 'verified' }] }],
}
const jwt = {
  clientAuthentication: 'none',
  clientSecret: undefined,
  signingKey: '{key}',
  algorithm: 'ES256',
}
const discovering = (base: object) => ({
  entries: [
    ...oauthElement(1, 'any').entries,
    { key: 'instance', name: 'Instance', type: 'url', discovered: true, hosts: ['127.0.0.1'] },
  ],
  baseUrl: '{instance}',
  ...base,
})
const quirky = {
  scopes: ['read', 'write:{scope}'],
  scopeSeparator: ',',
  parameters: { grant_type: 'account_credentials', account: '{user}', resource: '{password}' },
  tokenType: 'Own',
  bodyFormat: 'json',
  extract: {
    'session.token': { json: '/data/token' },
    'session.refreshToken': { json: '/data/renewal', optional: true },
    'session.seconds': { json: '/data/ends' },
    instance: { json: '/instance_url' },
  },
  expires: 'unixMillis',
  headers: { 'x-token': 'Own {session.token}' },
  query: { site: '{user}' },
}
const definitions = [
  oauthElement(9701, 'plain', {}, me),
  oauthElement(9702, 'alone'),
  oauthElement(9703, 'owner', {
    grant: 'password',
    username: '{user}',
    password: '{password}',
    clientAuthentication: 'plainBasic',
  }),
  oauthElement(9704, 'assertion', {
    ...jwt,
    grant: 'jwtBearer',
    claims: { scope: 'a b', sub: '{user}' },
  }),
  oauthElement(9705, 'issuer', {
    ...jwt,
    grant: 'jwtBearer',
    clientId: undefined,
    audience: 'https://audience.example',
    claims: { iss: '{user}' },
  }),
  oauthElement(9706, 'quirky', quirky, discovering(me)),
  oauthElement(9707, 'ruled', {
    providerMessage: ['/fault/text'],
    rules: [
      {
        when: { json: { pointer: '/error', equals: 'invalid_client' } },
        verdict: 'misdirected',
        message: 'It is the client of another region.',
      },
    ],
  }),
  oauthElement(9708, 'dated', {
    expires: 'iso',
    extract: { 'session.seconds': { json: '/until' } },
  }),
  oauthElement(9709, 'brought', { grant: 'refreshToken', refreshToken: '{refresh}' }),
]

let world: World
let vendor: WebServer
let answers: (request: Received) => Reply

beforeAll(async () => {
  vendor = await startWebServer((request) => answers(request))
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
beforeEach(() => vendor.received.splice(0))
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const client = { id: 'client', secret: 'client-secret-of-some-length' }
const provision = (element: string, configuration: object = {}) =>
  call(world, 'POST', '/instances', {
    body: {
      element: { key: element },
      name: 'N',
      configuration: { server: vendor.url, ...client, ...configuration },
    },
  })
const granted = (more: object = {}): Reply => ({
  body: { access_token: token, token_type: 'Bearer', expires_in: 3600, ...more },
})
const tokensOf = async (instanceId: number) =>
  JSON.parse(await openSecret(world, instanceId, '$oauth'))
const sentForm = () => Object.fromEntries(new URLSearchParams(vendor.received[0]!.body))

describe('a token request', () => {
  test('of a client says only what has a value, and encodes id and secret before base64', async () => {
    answers = () => granted()
    const given = { id: 'a client', secret: 'sécret:with+signs%' }
    expect((await provision('alone', given)).body.state).toBe('verified')
    const { method, path, headers, body } = vendor.received[0]!
    expect([method, path, body]).toEqual(['POST', '/token', 'grant_type=client_credentials'])
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
    const [, credentials] = String(headers.authorization).split(' ')
    // RFC 6749, section 2.3.1
    const [id, secret] = Buffer.from(credentials!, 'base64').toString().split(':')
    const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))
    expect([decode(id!), decode(secret!)]).toEqual([given.id, given.secret])
  })

  test('of a resource owner holds name and password, and a plain header stays as it is', async () => {
    answers = () => granted()
    const given = { user: 'me@example.com', password: 'Pass&word=+1 é' }
    expect((await provision('owner', given)).body.state).toBe('verified')
    expect(sentForm()).toEqual({
      grant_type: 'password',
      username: given.user,
      password: given.password,
    })
    const plain = Buffer.from(`${client.id}:${client.secret}`).toString('base64')
    expect(vendor.received[0]!.headers.authorization).toBe(`Basic ${plain}`)
  })

  test.each(['user', 'password'])('of a resource owner without %s is never sent', async (left) => {
    const given = { user: 'me', password: 'secret', [left]: undefined }
    const { status, body } = await provision('owner', given)
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'configuration-invalid' })
    expect(body.invalid).toEqual([{ key: left, reason: 'is needed' }])
    expect(vendor.received).toEqual([])
  })

  test('with an assertion is one that the vendor can verify', async () => {
    answers = () => granted()
    expect((await provision('assertion', { key, user: 'impersonated' })).body.state).toBe(
      'verified',
    )
    const { assertion, ...form } = sentForm()
    expect(form).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      client_id: client.id,
    })
    // RFC 7523, section 3
    const { payload } = await jwtVerify(assertion!, publicKey, {
      algorithms: ['ES256'],
      audience: `${vendor.url}/token`,
      issuer: client.id,
      subject: 'impersonated',
      requiredClaims: ['exp', 'iat', 'jti'],
    })
    expect(payload.scope).toBe('a b')
  })

  test('with an assertion can do without a client', async () => {
    answers = () => granted()
    await provision('issuer', { key, user: 'service@example.com' })
    const { assertion, ...form } = sentForm()
    expect(Object.keys(form)).toEqual(['grant_type'])
    const verified = await jwtVerify(assertion!, publicKey, {
      audience: 'https://audience.example',
      issuer: 'service@example.com',
    })
    expect(verified.payload.sub).toBeUndefined()
  })

  test('makes a new assertion every time', async () => {
    answers = () => granted()
    await provision('assertion', { key, user: 'me' })
    await provision('assertion', { key, user: 'me' })
    const [one, other] = vendor.received.map(({ body }) =>
      new URLSearchParams(body).get('assertion'),
    )
    expect(one).not.toBe(other)
  })

  test.each([
    ['no key', 'nonsense', 'is no private key in PEM, nor a JWK'],
    ['none at all', undefined, 'is no private key in PEM, nor a JWK'],
  ])('with %s to sign with is never sent', async (_, wrong, reason) => {
    const { status, body } = await provision('assertion', { key: wrong, user: 'me' })
    expect({ status, invalid: body.invalid }).toEqual({
      status: 400,
      invalid: [{ key: 'key', reason }],
    })
    expect(vendor.received).toEqual([])
  })
})

describe('what is peculiar to a vendor', () => {
  const answer = (more: object = {}): Reply => ({
    body: {
      data: { token, renewal: 'renewal-token-0815', ends: Date.now() + 600_000 },
      token_type: 'own',
      instance_url: `${vendor.url}/eu`,
      ...more,
    },
  })
  const given = { user: 'site-1', scope: 'orders' }

  test('stands in the definition: how it is asked, how it answers, how its token is sent', async () => {
    answers = ({ path }) => (path === '/token' ? answer() : {})
    const { status, body } = await provision('quirky', given)
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'verified' })
    expect(body.configuration.instance).toBe(`${vendor.url}/eu`)
    const [asked, probed] = vendor.received
    expect(asked!.headers['content-type']).toBe('application/json')
    expect(JSON.parse(asked!.body)).toEqual({
      grant_type: 'account_credentials',
      account: 'site-1',
      scope: 'read,write:orders',
    })
    expect([probed!.path, probed!.headers['x-token']]).toEqual([
      '/eu/me?site=site-1',
      `Own ${token}`,
    ])
    expect(probed!.headers).not.toHaveProperty('authorization')
    const tokens = await tokensOf(body.id)
    expect(tokens).toMatchObject({ accessToken: token, refreshToken: 'renewal-token-0815' })
    expect(Date.parse(tokens.expiresAt) - Date.now()).toBeGreaterThan(590_000)
  })

  test.each(['https://attacker.example', 'http://user:pw@127.0.0.1', 'nowhere at all'])(
    'sends the token nowhere that the definition does not name: %s',
    async (instance_url) => {
      answers = ({ path }) => (path === '/token' ? answer({ instance_url }) : {})
      const { status, body, text } = await provision('quirky', given)
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'vendor-misdirected' })
      expect(vendor.received).toHaveLength(1)
      expect(text).not.toContain(token)
    },
  )

  test('has to be in the answer', async () => {
    answers = () => answer({ instance_url: undefined })
    const { status, body, text } = await provision('quirky', given)
    expect({ status, code: body.code }).toEqual({ status: 502, code: 'vendor-unexpected' })
    expect(body.message).toContain('(instance)')
    expect(text).not.toContain(token)
  })

  test('may be a date for an end', async () => {
    const until = new Date(Date.now() + 900_000).toISOString()
    answers = () => granted({ until })
    const { body } = await provision('dated')
    const { expiresAt } = await tokensOf(body.id)
    expect(Math.abs(Date.parse(expiresAt) - Date.parse(until))).toBeLessThan(1_000)
  })

  test.each([{ expires_in: undefined }, { expires_in: 'soon' }, { expires_in: null }])(
    'may be an end that nobody can read: %j',
    async (more) => {
      answers = () => granted(more)
      const { body } = await provision('alone')
      expect(await tokensOf(body.id)).toMatchObject({ accessToken: token, expiresAt: null })
    },
  )

  test.each([{ token_type: 'bearer' }, { token_type: 'BEARER' }, { token_type: undefined }])(
    'may be how it calls a bearer token: %j',
    async (more) => {
      answers = () => granted(more)
      expect((await provision('alone')).status).toBe(200)
    },
  )
})

describe('a token request that is refused', () => {
  const words = 'The words of the vendor.'
  const error = (name: string, status = 400, headers = {}): Reply => ({
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ error: name, error_description: words }),
  })
  const rejected = { status: 400, code: 'credentials-rejected', providerMessage: words }
  const throttled = { status: 503, code: 'vendor-throttled', providerMessage: words }
  const unexpected = { status: 502, code: 'vendor-unexpected' }
  const misdirected = { status: 400, code: 'vendor-misdirected' }
  const html = { 'content-type': 'text/html' }

  test.each<[says: string, reply: Reply, refusal: object]>([
    ['invalid_client', error('invalid_client', 401), rejected],
    ['invalid_grant', error('invalid_grant'), rejected],
    ['unauthorized_client', error('unauthorized_client'), rejected],
    ['invalid_client with status 200', error('invalid_client', 200), rejected],
    ['invalid_scope', error('invalid_scope'), { ...rejected, code: 'credentials-insufficient' }],
    ['temporarily_unavailable', error('temporarily_unavailable', 503), throttled],
    ['slow_down', error('slow_down'), throttled],
    ['status 429', error('whatever', 429), throttled],
    ['status 429 as a page', { status: 429, headers: html, body: '<html>' }, { status: 503 }],
    ['another error', error('invalid_request'), { ...unexpected, providerMessage: words }],
    ['status 500', { status: 500, body: 'oops' }, unexpected],
    ['status 503 as a page', { status: 503, headers: html, body: '<html>' }, unexpected],
    ['status 404', { status: 404 }, misdirected],
    ['a redirect', { status: 302, headers: { location: 'https://login.example/' } }, misdirected],
    ['a page', { headers: html, body: '<!doctype html><p>Sign in' }, misdirected],
    ['a page that forbids', { status: 403, headers: html, body: '<html>' }, misdirected],
    ['nothing', { body: '' }, unexpected],
    ['something that is no JSON', { body: `access_token=${token}` }, unexpected],
    ['half of its answer', { body: `{"access_token":"${token}` }, unexpected],
    ['a list', { body: [token] }, unexpected],
    ['no token', granted({ access_token: undefined }), unexpected],
    ['an empty token', granted({ access_token: '' }), unexpected],
    ['a token that is no text', granted({ access_token: { value: token } }), unexpected],
    ['null for a token', granted({ access_token: null }), unexpected],
    ['a token of another type', granted({ token_type: 'mac' }), unexpected],
    ['a type that is no text', granted({ token_type: ['Bearer'] }), unexpected],
  ])(
    'with %s says so in a sentence, stores nothing and shows no token',
    async (_, reply, refusal) => {
      const before = await countStored(world)
      answers = () => reply
      const { status, body, text } = await provision('alone')
      const { code, providerMessage, message } = body
      expect({ status, code, providerMessage }).toMatchObject(refusal)
      expect(message).toMatch(/^[A-Z].*\.$/)
      expect(text).not.toContain(token)
      expect(await countStored(world)).toEqual(before)
      expect(vendor.received).toHaveLength(1)
    },
  )

  test('with a time says when to come back', async () => {
    answers = () => error('slow_down', 400, { 'retry-after': '17' })
    expect((await provision('alone')).headers['retry-after']).toBe('17')
  })

  test('is judged by the element first', async () => {
    answers = () => ({ status: 401, body: { error: 'invalid_client', fault: { text: words } } })
    const { status, body } = await provision('ruled')
    expect({ status, ...body }).toMatchObject({
      ...misdirected,
      message: 'It is the client of another region.',
      providerMessage: words,
    })
    answers = () => error('invalid_grant')
    expect((await provision('ruled')).body).toMatchObject({ code: 'credentials-rejected' })
  })

  test('without any answer is unreachable', async () => {
    const gone = await startWebServer(() => ({}))
    await gone[Symbol.asyncDispose]()
    const { status, body } = await provision('alone', { server: gone.url })
    expect({ status, code: body.code }).toEqual({ status: 502, code: 'vendor-unreachable' })
    expect(body.probe.request).toMatchObject({ method: 'POST', url: `${gone.url}/token` })
  })

  test('is not sent to where the service may not go', async () => {
    const { status, body } = await provision('alone', { server: 'http://169.254.169.254' })
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'destination-forbidden' })
  })
})

describe('a token', () => {
  test('that the API refuses is shown by that request, with stars', async () => {
    answers = ({ path, headers }) =>
      path === '/token'
        ? granted()
        : { status: 403, body: { message: `${headers.authorization} may not.` } }
    const { status, body, text } = await provision('plain')
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'credentials-insufficient' })
    expect(body.probe.request).toMatchObject({
      url: `${vendor.url}/me`,
      headers: { authorization: 'Bearer ********' },
    })
    expect(body.probe.response.body).toContain('Bearer ******** may not.')
    expect(text).not.toContain(token)
  })

  test('that no header can hold is none', async () => {
    answers = () => granted({ access_token: `${token}\r\nx-admin: 1` })
    for (const element of ['plain', 'alone']) {
      const { status, body } = await provision(element)
      expect({ status, code: body.code }).toEqual({ status: 502, code: 'vendor-unexpected' })
    }
    expect(vendor.received).toHaveLength(2)
  })

  test('as long as those of large directories is taken, and hidden', async () => {
    const long = `${'eyJ0eXAiOiJKV1Qi'.repeat(200)}.end`
    answers = ({ path }) =>
      path === '/token'
        ? granted({ access_token: long })
        : { status: 401, body: { message: `No: ${long}` } }
    const { body } = await provision('plain')
    expect(body.probe.response.body).toBe('{"message":"No: ********"}')
  })

  test('is bound to token endpoint and API', async () => {
    await using api = await startWebServer(() => ({}))
    answers = () => ({
      body: {
        data: { token, ends: Date.now() + 60_000 },
        token_type: 'Own',
        instance_url: api.url,
      },
    })
    const { body } = await provision('quirky', { user: 'u', scope: 's' })
    expect(api.received[0]!.headers['x-token']).toBe(`Own ${token}`)
    for (const origin of [vendor.url, api.url]) {
      expect(await openSecret(world, body.id, '$oauth', origin)).toContain(token)
    }
    await expect(openSecret(world, body.id, '$oauth', 'https://x.example')).rejects.toThrow(
      '$oauth',
    )
  })
})

test('a refresh token that the vendor does not replace is kept', async () => {
  answers = () => granted()
  const { body } = await provision('brought', { refresh: 'refresh-token-0815' })
  expect(sentForm()).toEqual({ grant_type: 'refresh_token', refresh_token: 'refresh-token-0815' })
  expect((await tokensOf(body.id)).refreshToken).toBe('refresh-token-0815')
  expect(await openSecret(world, body.id, 'refresh')).toBe('refresh-token-0815')
})

test.each([
  ['alone', 200, 3],
  ['brought', 502, 2],
])(
  'where a connection ends without an answer, %s is sent again only if that costs nothing',
  async (element, status, requests) => {
    let seen = 0
    const connections = new WeakSet<object>()
    await using server = await listen((request, response) => {
      seen += 1
      const { socket } = request
      if (connections.has(socket)) return void socket.destroy()
      connections.add(socket)
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(granted().body))
    })
    const given = { server: server.origin, refresh: 'refresh-token-0815' }
    expect((await provision(element, given)).status).toBe(200)
    expect((await provision(element, given)).status).toBe(status)
    expect(seen).toBe(requests)
  },
)
