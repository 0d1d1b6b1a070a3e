import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { ClientMetadata } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority } from '../support/authority.ts'
import { call, countStored } from '../support/client.ts'
import { oauthElement, openSecret } from '../support/oauth-elements.ts'
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts'
import { startWorld, type World } from '../support/world.ts'

const clientSecret = 'client-secret:with~signs+and%and-enough-of-them'
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'pkcs8' }).toString()
const authority = createAuthority()
const device = authority.issue({ names: ['acme.example'], clientAuth: true })
const otherDevice = authority.issue({ names: ['other.example'], clientAuth: true })

const machine: Omit<ClientMetadata, 'client_id'> = {
  client_secret: clientSecret,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  scope: 'read write',
}
const clients: ClientMetadata[] = [
  { ...machine, client_id: 'basic-client', token_endpoint_auth_method: 'client_secret_basic' },
  { ...machine, client_id: 'post-client', token_endpoint_auth_method: 'client_secret_post' },
  {
    ...machine,
    client_id: 'key-client',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'RS256',
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] },
  },
  {
    ...machine,
    client_id: 'device-client',
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_dns: 'acme.example',
  },
  {
    client_id: 'app',
    client_secret: clientSecret,
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['https://app.example/callback'],
  },
]

const me = {
  probes: [
    {
      method: 'GET',
      path: 'api/me',
      rules: [{ when: { status: 200 }, verdict: 'verified' }],
    },
  ],
}
const definitions = [
  oauthElement(9601, 'basic', {}, me),
  oauthElement(9602, 'post', { clientAuthentication: 'post' }, me),
  oauthElement(
    9603,
    'keyed',
    {
      clientAuthentication: 'privateKeyJwt',
      clientSecret: undefined,
      algorithm: 'RS256',
      signingKey: '{key}',
      keyId: 'k1',
      audience: '{server}',
    },
    me,
  ),
  oauthElement(
    9604,
    'mutual',
    { clientAuthentication: 'certificate', clientSecret: undefined, certificate: 'cert' },
    me,
  ),
  oauthElement(9605, 'brought', { refreshToken: '{refresh}' }, me),
  oauthElement(9606, 'scoped', { scopes: ['read', '{scope}'] }),
]

let server: OAuthServer
let secure: OAuthServer
let world: World

beforeAll(async () => {
  server = await startOAuthServer(clients)
  const own = authority.issue({ names: ['127.0.0.1'] })
  secure = await startOAuthServer(clients, { ...own, ca: authority.caPem })
  world = await startWorld({
    definitions,
    allow: ['127.0.0.1'],
    egress: { ca: authority.caPem },
  })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await secure[Symbol.asyncDispose]()
})

const provision = (key: string, configuration: object, more: object = {}) =>
  call(world, 'POST', '/instances', {
    body: {
      element: { key },
      name: 'N',
      configuration: { server: server.url, ...configuration },
      ...more,
    },
  })
const basicClient = { id: 'basic-client', secret: clientSecret }
const postClient = { id: 'post-client', secret: clientSecret }
const keyClient = { id: 'key-client', key: pem(privateKey) }
const deviceClient = { id: 'device-client', cert: `${device.cert}${device.key}` }

async function refused(...given: Parameters<typeof provision>) {
  const before = await countStored(world)
  const { status, body } = await provision(...given)
  expect(await countStored(world)).toEqual(before)
  return { status, code: body.code, providerMessage: body.providerMessage }
}

const rejected = (providerMessage: unknown = expect.any(String)) => ({
  status: 400,
  code: 'credentials-rejected',
  providerMessage,
})

describe('client credentials', () => {
  const ways: [way: string, key: string, configuration: () => object][] = [
    ['basic', 'basic', () => basicClient],
    ['post', 'post', () => postClient],
    ['private_key_jwt', 'keyed', () => keyClient],
    ['tls_client_auth', 'mutual', () => ({ ...deviceClient, server: secure.url })],
  ]

  test.each(ways)('with %s yield a token that the API takes', async (_, key, configuration) => {
    const { status, body } = await provision(key, configuration())
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'verified' })
    const tokens = JSON.parse(await openSecret(world, body.id, '$oauth'))
    expect(tokens).toEqual({
      accessToken: expect.stringMatching(/^[\w-]{43}$/),
      refreshToken: null,
      tokenType: 'Bearer',
      expiresAt: expect.any(String),
      scope: null,
    })
    const life = Date.parse(tokens.expiresAt) - Date.now()
    expect(life).toBeGreaterThan(500_000)
    expect(life).toBeLessThan(600_000)
  })

  test.each<[wrong: string, key: string, configuration: () => object]>([
    ['a wrong secret with basic', 'basic', () => ({ ...basicClient, secret: 'wrong-one' })],
    ['an unknown client', 'basic', () => ({ ...basicClient, id: 'nobody' })],
    ['a wrong secret with post', 'post', () => ({ ...postClient, secret: 'wrong-one' })],
    ['another method than agreed', 'basic', () => ({ ...basicClient, id: 'key-client' })],
    ['the key of another', 'keyed', () => ({ ...keyClient, key: pem(stranger) })],
    [
      'the certificate of another',
      'mutual',
      () => ({
        id: 'device-client',
        cert: `${otherDevice.cert}${otherDevice.key}`,
        server: secure.url,
      }),
    ],
  ])('%s is rejected in the vendor’s words, and nothing is stored', async (_, key, given) => {
    expect(await refused(key, given())).toEqual(rejected())
  })

  test('a scope that the client may not have is a lack of rights', async () => {
    expect(await refused('scoped', { ...basicClient, scope: 'admin' })).toEqual({
      status: 400,
      code: 'credentials-insufficient',
      providerMessage: expect.any(String),
    })
  })

  test('are the probe where there is no other, and their scopes are kept', async () => {
    const granted = server.granted
    const { body } = await provision('scoped', { ...basicClient, scope: 'write' })
    expect(body.state).toBe('verified')
    expect(server.granted).toBe(granted + 1)
    expect(JSON.parse(await openSecret(world, body.id, '$oauth')).scope).toBe('read write')
  })
})

describe('a refresh token that is brought along', () => {
  const initial = { externalAuthentication: 'initial' }
  const app = { id: 'app', secret: clientSecret }

  test('is used instead of the grant, and the one that replaces it is kept', async () => {
    const refresh = await server.issueRefreshToken('app')
    const { status, body, text } = await provision('brought', { ...app, refresh }, initial)
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'verified' })
    expect(body).toMatchObject({
      externalAuthentication: 'initial',
      configuration: { refresh: '********' },
    })
    const tokens = JSON.parse(await openSecret(world, body.id, '$oauth'))
    expect(tokens.refreshToken).toMatch(/^[\w-]{43}$/)
    expect(tokens.refreshToken).not.toBe(refresh)
    expect(await openSecret(world, body.id, 'refresh')).toBe(tokens.refreshToken)
    for (const secret of [refresh, tokens.refreshToken, tokens.accessToken]) {
      expect(text).not.toContain(secret)
    }
    // The next one who brings the new one is known.
    const again = await provision('brought', { ...app, refresh: tokens.refreshToken }, initial)
    expect(again.body.state).toBe('verified')
  })

  test('is rejected where it has been replaced', async () => {
    const refresh = await server.issueRefreshToken('app')
    await provision('brought', { ...app, refresh }, initial)
    expect(await refused('brought', { ...app, refresh }, initial)).toEqual(
      rejected('grant request is invalid'),
    )
  })

  test('is spent by a trial, which says so', async () => {
    const refresh = await server.issueRefreshToken('app')
    const body = { configuration: { server: server.url, ...app, refresh }, ...initial }
    const trial = await call(world, 'POST', '/elements/brought/test', { body })
    expect(trial.body).toMatchObject({
      verdict: 'verified',
      warnings: [{ key: 'refresh', message: expect.stringContaining('bring a new one') }],
    })
    expect(await refused('brought', { ...app, refresh }, initial)).toMatchObject(rejected())
  })

  test('has to be there', async () => {
    const { status, body } = await provision('brought', app, initial)
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'configuration-invalid' })
    expect(body.invalid).toEqual([{ key: 'refresh', reason: 'is needed' }])
  })

  test('is refused by an element that has no place for one', async () => {
    const { status, body } = await provision('basic', basicClient, initial)
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'configuration-invalid' })
    expect(body.invalid).toEqual([
      { key: 'externalAuthentication', reason: expect.stringContaining('no place') },
    ])
  })
})

describe('what was obtained', () => {
  test('is bound to where it goes, and to nothing else', async () => {
    const { body } = await provision('brought', basicClient)
    await expect(openSecret(world, body.id, '$oauth', 'https://elsewhere.example')).rejects.toThrow(
      '"$oauth" was not given for https://elsewhere.example',
    )
  })

  test('is no part of the configuration that is answered', async () => {
    const created = await provision('basic', basicClient)
    const read = await call(world, 'GET', `/instances/${created.body.id}`)
    for (const { body } of [created, read]) {
      expect(Object.keys(body.configuration)).not.toContain('$oauth')
    }
    expect(read.body.configuration).toEqual(created.body.configuration)
  })

  test('is nothing for a draft, which asks nobody', async () => {
    const granted = server.granted
    const { body } = await provision('basic', basicClient, { verify: false })
    expect(body.state).toBe('draft')
    expect(server.granted).toBe(granted)
    await expect(openSecret(world, body.id, '$oauth')).rejects.toThrow('no secret')
  })
})

test('an element says that it uses OAuth, and so do its instances', async () => {
  const oauth = { typeOauth: true, authentication: { type: 'oauth2' } }
  expect((await call(world, 'GET', '/elements/basic')).body).toMatchObject(oauth)
  expect((await call(world, 'GET', '/elements/basic/metadata')).body).toMatchObject({ probe: true })
  const { body } = await provision('basic', basicClient)
  expect(body).toMatchObject({ element: oauth, authentication: { type: 'oauth2' } })
})
