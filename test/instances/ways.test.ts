import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const secret = (key: string, of: string) => ({
  key,
  name: key,
  type: 'password',
  required: true,
  secret: true,
  authentications: [of],
})
const rules = [{ when: { status: 200 }, verdict: 'verified' }]

/** By a user at one address, and by a token at that of its tenant, which has to be found. */
const forked = {
  format: 1,
  id: 9281,
  key: 'forked',
  name: 'Forked',
  hub: 'general',
  description: 'Stands for an element of its kind.',
  configDescription: 'Made up for the tests.',
  entries: [
    { key: 'server', name: 'Server', type: 'url', required: true },
    secret('password', 'basic'),
    secret('token', 'bearer'),
    { key: 'tenant', name: 'Tenant', type: 'text', discovered: true, authentications: ['bearer'] },
  ],
  baseUrl: '{server}/api',
  authentications: [
    { type: 'basic', name: 'User', default: true, username: 'any', password: '{password}' },
    { type: 'bearer', name: 'Token', baseUrl: '{server}/of/{tenant}', token: '{token}' },
  ],
  probes: [
    {
      method: 'GET',
      base: '{server}',
      path: 'tenant',
      authentications: ['bearer'],
      extract: { tenant: { json: '/id' } },
      rules,
    },
    { method: 'GET', path: 'me', rules },
  ],
}
const undecided = {
  ...forked,
  id: 9282,
  key: 'undecided',
  authentications: forked.authentications.map(({ default: _, ...one }) => one),
}
const consent = {
  type: 'oauth2',
  name: 'Consent',
  grant: 'authorizationCode',
  authorizeUrl: '{server}/auth',
  tokenUrl: '{server}/token',
  clientId: 'app',
  clientAuthentication: 'none',
}
const consentable = {
  ...forked,
  id: 9283,
  key: 'consentable',
  entries: forked.entries.filter(({ key }) => ['server', 'password'].includes(key)),
  authentications: [forked.authentications[0]!, consent],
  probes: [{ method: 'GET', path: 'me', rules }],
}
const twice = {
  ...consentable,
  id: 9284,
  key: 'twice',
  authentications: [...consentable.authentications, { ...consent, key: 'again' }],
}

let server: WebServer
let world: World
beforeAll(async () => {
  server = await startWebServer(({ path }) =>
    path === '/tenant' ? { body: { id: 'acme' } } : { body: {} },
  )
  world = await startWorld({
    definitions: [forked, undecided, consentable, twice],
    allow: ['127.0.0.1'],
  })
})
beforeEach(() => {
  server.received.length = 0
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const paths = () => server.received.map(({ path }) => path)
const provision = (configuration: object, more: object = {}, key = 'forked') =>
  call(world, 'POST', '/instances', {
    body: {
      element: { key },
      name: 'N',
      configuration: { server: server.url, ...configuration },
      ...more,
    },
  })
const byToken = { authentication: { type: 'bearer' } }

test('the default is meant where none is named, and asks only what concerns it', async () => {
  const { status, body } = await provision({ password: 'swordfish' })
  expect({ status, type: body.authentication.type }).toEqual({ status: 200, type: 'basic' })
  expect(body.warnings).toEqual([])
  expect(paths()).toEqual(['/api/me'])
})

test('a consent that says nothing changes nothing of that', async () => {
  const { body } = await provision({ password: 'swordfish' }, { providerData: {} }, 'consentable')
  expect(body).toMatchObject({ state: 'verified', authentication: { type: 'basic' } })
})

test('what a consent yielded is for the one that needs it, and of two for neither', async () => {
  const providerData = { code: 'any', state: 'any' }
  const one = await provision({ password: 'swordfish' }, { providerData }, 'consentable')
  expect(one.body.code).toBe('oauth-state-invalid')
  const two = await provision({ password: 'swordfish' }, { providerData }, 'twice')
  expect([two.body.code, two.body.choices]).toEqual([
    'authentication-unclear',
    ['basic', 'oauth2', 'again'],
  ])
  expect(paths()).toEqual([])
})

test('another one has to be named, and is not guessed from what is given', async () => {
  const { status, body } = await provision({ token: 'swordfish-2' })
  expect({ status, code: body.code }).toEqual({ status: 400, code: 'configuration-incomplete' })
  expect(body.missing.map(({ key }: { key: string }) => key)).toEqual(['password'])
  expect(paths()).toEqual([])
})

test('one that is not offered is refused with the choices, in spite of the default', async () => {
  const { status, body } = await provision({}, { authentication: { type: 'digest' } })
  expect({ status, code: body.code }).toEqual({ status: 400, code: 'authentication-unclear' })
  expect(body.choices).toEqual(['basic', 'bearer'])
})

test('without a default, none named is refused with the choices', async () => {
  const { status, body } = await provision({ password: 'swordfish' }, {}, 'undecided')
  expect({ status, code: body.code }).toEqual({ status: 400, code: 'authentication-unclear' })
})

test('requests go to the address of the authentication, which its own probe has found', async () => {
  const { status, body } = await provision({ token: 'swordfish-2' }, byToken)
  expect({ status, tenant: body.configuration.tenant }).toEqual({ status: 200, tenant: 'acme' })
  expect(paths()).toEqual(['/tenant', '/of/acme/me'])
})

test('and so they do when the instance is changed later', async () => {
  const { body } = await provision({ token: 'swordfish-2' }, byToken)
  server.received.length = 0
  const changed = await call(world, 'PATCH', `/instances/${body.id}`, {
    body: { configuration: { token: 'swordfish-3' } },
  })
  expect({ status: changed.status, state: changed.body.state }).toEqual({
    status: 200,
    state: 'verified',
  })
  expect(paths()).toEqual(['/tenant', '/of/acme/me'])
  expect(server.received.at(-1)!.headers.authorization).toBe('Bearer swordfish-3')
})

test('what is refused is shown as it was sent to that address', async () => {
  const closed = await startWebServer(({ path }) =>
    path === '/tenant' ? { body: { id: 'acme' } } : { status: 401 },
  )
  await using _ = closed
  const { body } = await provision({ server: closed.url, token: 'swordfish-2' }, byToken)
  expect(body).toMatchObject({
    code: 'credentials-rejected',
    probe: { request: { url: `${closed.url}/of/acme/me` } },
  })
})

test('clients are told which one is the default', async () => {
  const { body } = await call(world, 'GET', '/elements/forked')
  const told = body.authenticationTypes.map((one: { key: string; default: boolean }) => [
    one.key,
    one.default,
  ])
  expect(told).toEqual([
    ['basic', true],
    ['bearer', false],
  ])
})
