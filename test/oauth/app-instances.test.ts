import { generateKeyPairSync } from 'node:crypto'
import type { ClientMetadata } from 'oidc-provider'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Listener, listen } from '../egress/listener.ts'
import { call, countStored } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts'
import { oauth1Element } from '../support/oauth1-elements.ts'
import { startOAuth1Server } from '../support/oauth1-server.ts'
import { startWebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const clientSecret = 'client-secret:with~signs+and%and-enough-of-them'
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const machine: Omit<ClientMetadata, 'client_id'> = {
  client_secret: clientSecret,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  scope: 'read write',
}
const clients: ClientMetadata[] = [
  { ...machine, client_id: 'basic-client', token_endpoint_auth_method: 'client_secret_basic' },
  { ...machine, client_id: 'second-client', token_endpoint_auth_method: 'client_secret_basic' },
  { ...machine, client_id: 'post-client', token_endpoint_auth_method: 'client_secret_post' },
  {
    ...machine,
    client_id: 'key-client',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'RS256',
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] },
  },
]

const me = {
  probes: [
    { method: 'GET', path: 'api/me', rules: [{ when: { status: 200 }, verdict: 'verified' }] },
  ],
}
const keyed = {
  clientAuthentication: 'privateKeyJwt',
  clientSecret: undefined,
  algorithm: 'RS256',
  signingKey: '{key}',
  keyId: 'k1',
  audience: '{server}',
}

/** One whose client has to be given, and goes by other names as well. */
function demanding() {
  const element = oauthElement(9704, 'demanding', {}, me)
  const entries = element.entries.map((entry) =>
    entry.key === 'id' || entry.key === 'secret'
      ? { ...entry, required: true, aliases: [`old.${entry.key}`] }
      : entry,
  )
  return { ...element, entries }
}

const definitions = [
  oauthElement(9701, 'basic', {}, me),
  oauthElement(9702, 'post', { clientAuthentication: 'post' }, me),
  oauthElement(9703, 'keyed', keyed, me),
  demanding(),
  oauth1Element(9705, 'signed'),
]

let server: OAuthServer
let elsewhere: Listener
let world: World
let colleague: { authorization: string; userId: number }
/** An organization without any app profile. */
let fresh: { authorization: string; organizationId: number }

beforeAll(async () => {
  server = await startOAuthServer(clients)
  elsewhere = await listen((_request, response) => response.writeHead(500).end())
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
beforeEach(async () => {
  world = Object.assign(world, await world.addOrganization())
  colleague = await addColleague(world)
  fresh = await world.addOrganization()
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await elsewhere[Symbol.asyncDispose]()
})

async function keepApp(key = 'basic', changes: object = {}, authorization = world.authorization) {
  const body = {
    element: { key },
    name: 'Acme',
    clientId: 'basic-client',
    clientSecret,
    origins: [server.url],
    ...changes,
  }
  const {
    status,
    body: app,
    text,
  } = await call(world, 'POST', '/oauth-apps', {
    body,
    authorization,
  })
  expect({ status, text: status === 200 ? '' : text }).toEqual({ status: 200, text: '' })
  return app.id as number
}

const provision = (
  key: string,
  { configuration, authorization, ...more }: Record<string, unknown> = {},
) =>
  call(world, 'POST', '/instances', {
    ...(authorization !== undefined && { authorization: authorization as string }),
    body: {
      element: { key },
      name: 'N',
      configuration: { server: server.url, ...(configuration as object) },
      ...more,
    },
  })

const naming = (oauthAppId: number, more: object = {}) => ({
  authentication: { oauthAppId },
  ...more,
})

async function refused(...given: Parameters<typeof provision>) {
  const [stored, granted] = [await countStored(world), server.granted]
  const { status, body } = await provision(...given)
  expect([await countStored(world), server.granted]).toEqual([stored, granted])
  return { status, ...body }
}

async function entriesOf(instanceId: number): Promise<string[]> {
  const { rows } = await world.context.db.pool.query(
    'select entry from secrets where organization_id = $1 and owner = $2 order by entry',
    [world.organizationId, `instance/${instanceId}`],
  )
  return rows.map(({ entry }) => entry)
}

describe('an instance without a client of its own', () => {
  test.each<[way: string, key: string, app: object]>([
    ['basic', 'basic', {}],
    ['post', 'post', { clientId: 'post-client' }],
    ['private_key_jwt', 'keyed', { clientId: 'key-client', clientSecret: pem }],
    ['basic, where client id and secret are required', 'demanding', {}],
  ])('uses the app profile that fits, with %s', async (_, key, changes) => {
    const id = await keepApp(key, changes)
    const { status, body, text } = await provision(key)
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'verified' })
    expect(body.authentication).toEqual({ type: 'oauth2', oauthAppId: id })
    expect(body.configuration).toMatchObject({ id: null, secret: null, key: null })
    const read = await call(world, 'GET', `/instances/${body.id}`)
    expect(read.body).toEqual(body)
    expect(`${text}${read.text}`).not.toContain('-client')
    expect(await entriesOf(body.id)).toEqual(['$oauth', '$token'])
    const app = await call(world, 'GET', `/oauth-apps/${id}`)
    expect(app.body.instances).toBe(1)
  })

  test('uses the one that is named', async () => {
    await keepApp()
    const second = await keepApp('basic', { clientId: 'second-client' })
    const { status, body } = await provision('basic', naming(second))
    expect(status).toBe(200)
    expect(body.authentication.oauthAppId).toBe(second)
  })

  test('uses an own one before a shared one', async () => {
    const shared = await keepApp('basic', { shared: true })
    const { authorization } = colleague
    const before = await provision('basic', { authorization })
    expect(before.body.authentication.oauthAppId).toBe(shared)
    const own = await keepApp('basic', {}, authorization)
    const after = await provision('basic', { authorization })
    expect(after.body.authentication.oauthAppId).toBe(own)
  })

  test('uses the one that may go where its server is', async () => {
    await keepApp('basic', { origins: [elsewhere.origin] })
    const id = await keepApp()
    const { body } = await provision('basic')
    expect(body.authentication.oauthAppId).toBe(id)
  })

  test('is asked which one, where several fit', async () => {
    const ids = [await keepApp(), await keepApp()]
    expect(await refused('basic')).toMatchObject({
      status: 400,
      code: 'oauth-app-unclear',
      choices: ids.map(String),
      message: expect.stringContaining(`"oauthAppId": ${ids[0]}`),
    })
  })

  test('is asked for a client where no app profile fits', async () => {
    await keepApp('post')
    const answer = await refused('demanding', fresh)
    expect(answer).toMatchObject({ status: 400, code: 'configuration-incomplete' })
    expect(answer.missing.map(({ key }: { key: string }) => key)).toEqual(['id', 'secret'])
  })

  test('is not asked for what the app profile holds when something else is missing', async () => {
    await keepApp('demanding')
    const answer = await refused('demanding', { configuration: { server: null } })
    expect(answer).toMatchObject({ status: 400, code: 'configuration-incomplete' })
    expect(answer.missing.map(({ key }: { key: string }) => key)).toEqual(['server'])
    expect(answer.invalid ?? []).toEqual([])
  })

  test('shows neither id nor secret where the vendor rejects them', async () => {
    const wrong = 'a-secret-that-the-vendor-does-not-know'
    await keepApp('basic', { clientSecret: wrong })
    const before = world.log.length
    const { status, body, text } = await provision('basic')
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'credentials-rejected' })
    const shown = text + world.log.slice(before).join('\n')
    const spelt = Buffer.from(`basic-client:${wrong}`).toString('base64')
    for (const piece of [wrong, 'basic-client', spelt]) expect(shown).not.toContain(piece)
    expect(body.probe.request.headers.authorization).toContain('*')
  })

  test('may be a draft', async () => {
    const id = await keepApp()
    const granted = server.granted
    const { status, body } = await provision('basic', { verify: false })
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'draft' })
    expect(body.authentication.oauthAppId).toBe(id)
    expect(server.granted).toBe(granted)
  })
})

describe('an instance with a client of its own', () => {
  const client = { id: 'second-client', secret: clientSecret }

  test('uses no app profile, unless one is named', async () => {
    await keepApp()
    const { status, body } = await provision('basic', { configuration: client })
    expect(status).toBe(200)
    expect(body.authentication).toEqual({ type: 'oauth2' })
    expect(await entriesOf(body.id)).toContain('secret')
  })

  test.each<[what: string, key: string, configuration: object, named: string[]]>([
    ['both', 'basic', client, ['id', 'secret']],
    ['an id', 'basic', { id: 'second-client' }, ['id']],
    ['a secret', 'basic', { secret: clientSecret }, ['secret']],
    ['a secret by another name', 'demanding', { 'old.secret': clientSecret }, ['old.secret']],
  ])('is refused %s besides one that is named', async (_, key, configuration, named) => {
    const answer = await refused(key, naming(await keepApp(key), { configuration }))
    expect(answer).toMatchObject({ status: 400, code: 'configuration-invalid' })
    expect(answer.invalid.map(({ key }: { key: string }) => key)).toEqual(named)
    expect(JSON.stringify(answer)).not.toContain(clientSecret)
  })

  test('may leave its entries empty, as a client does that sends back what it read', async () => {
    const id = await keepApp()
    const configuration = { id: null, secret: '' }
    const { status, body } = await provision('basic', naming(id, { configuration }))
    expect(status).toBe(200)
    expect(body.authentication.oauthAppId).toBe(id)
  })
})

describe('an app profile that is named', () => {
  test('is not found where it is another user’s, another organization’s, or not there', async () => {
    const hidden = await keepApp()
    const { authorization } = colleague
    const foreign = await keepApp('basic', { shared: true }, fresh.authorization)
    for (const [id, whose] of [
      [hidden, { authorization }],
      [foreign, {}],
      [foreign, { authorization }],
      [2 ** 40, {}],
    ] as const) {
      const answer = await refused('basic', naming(id, whose))
      expect(answer).toMatchObject({ status: 404, code: 'oauth-app-not-found' })
    }
  })

  test('is not found where an admin names that of a user who does not share it', async () => {
    const id = await keepApp('basic', {}, colleague.authorization)
    const answer = await refused('basic', naming(id))
    expect(answer).toMatchObject({ status: 404, code: 'oauth-app-not-found' })
  })

  test('is refused for another element, and for one without OAuth', async () => {
    const id = await keepApp()
    for (const [key, configuration] of [
      ['post', {}],
      ['connectwisehd', { server: undefined }],
    ] as const) {
      const answer = await refused(key, naming(id, { configuration }))
      expect(answer).toMatchObject({ status: 400, code: 'oauth-app-unfit' })
    }
  })

  test('is refused where it leads to a server that it was not given for, which hears nothing', async () => {
    const id = await keepApp()
    for (const origin of [elsewhere.origin, elsewhere.origin.replace('127.0.0.1', 'localhost')]) {
      const configuration = { server: origin }
      for (const named of [naming(id), {}]) {
        const answer = await refused('basic', { ...named, configuration })
        expect(answer).toMatchObject({ status: 422, code: 'secrets-required' })
        expect(answer.message).toContain(`PUT /oauth-apps/${id}`)
      }
    }
    expect(elsewhere.connections).toBe(0)
  })
})

describe('an own element whose token URL is changed', () => {
  test('does not get the secret for its new address, nor is anything sent there', async () => {
    const own = {
      ...oauthElement(0, 'moving', { tokenUrl: `${server.url}/token` }, me),
      baseUrl: server.url,
    }
    const { id: _, ...definition } = own
    const created = await call(world, 'POST', '/elements', { body: definition })
    expect(created.status).toBe(200)
    const app = await call(world, 'POST', '/oauth-apps', {
      body: { element: { key: 'moving' }, name: 'Acme', clientId: 'basic-client', clientSecret },
    })
    expect(app.body.origins).toEqual([server.url])
    expect((await provision('moving')).status).toBe(200)
    const [authentication] = definition.authentications
    for (const changes of [
      { tokenUrl: `${elsewhere.origin}/token` },
      { refreshUrl: `${elsewhere.origin}/refresh` },
      { parameters: { copy: '{secret}' }, tokenUrl: '{server}/token' },
    ]) {
      const authentications = [{ ...authentication, ...changes }]
      const changed = await call(world, 'PUT', '/elements/moving', {
        body: { ...definition, authentications },
      })
      expect(changed.status).toBe(200)
      const configuration = { server: elsewhere.origin }
      const answer = await refused('moving', { configuration })
      expect(answer).toMatchObject({ status: 422, code: 'secrets-required' })
    }
    expect(elsewhere.connections).toBe(0)
  })

  test.each<[place: string, changes: object, authentication: object]>([
    ['every request', { headers: { 'x-copy': '{secret}' } }, {}],
    ['the probe', { probes: [{ ...me.probes[0], path: 'me/{secret}' }] }, {}],
    ['what requests carry', {}, { query: { a: '{session.token}', b: '{secret}' } }],
  ])('does not fit where it would send the secret in %s', async (_, changes, more) => {
    const { id: __, ...definition } = oauthElement(0, 'leaking', { ...more }, { ...me, ...changes })
    expect((await call(world, 'POST', '/elements', { body: definition })).status).toBe(200)
    const body = {
      element: { key: 'leaking' },
      name: 'Acme',
      clientId: 'basic-client',
      clientSecret,
      origins: [server.url],
    }
    const answer = await call(world, 'POST', '/oauth-apps', { body })
    expect(answer.body).toMatchObject({ status: 400, code: 'oauth-app-unfit' })
  })
})

describe('an instance that uses an app profile', () => {
  const token = { access_token: 'an-access-token-of-the-vendor', token_type: 'Bearer' }

  test('is the client that the app profile is by now', async () => {
    let round = 1
    await using vendor = await startWebServer(({ path, headers }) => {
      if (path === '/token') return { body: { ...token, access_token: `an-access-token-${round}` } }
      return { status: headers.authorization === `Bearer an-access-token-${round}` ? 200 : 401 }
    })
    const id = await keepApp('post', { origins: [vendor.url] })
    const { status, body } = await provision('post', { configuration: { server: vendor.url } })
    expect(status).toBe(200)
    const client = { clientId: 'next-client', clientSecret: 'the-next-secret' }
    expect((await call(world, 'PUT', `/oauth-apps/${id}`, { body: client })).status).toBe(200)
    vendor.received.length = 0
    round = 2
    const verified = await call(world, 'POST', `/instances/${body.id}/verify`)
    expect(verified.status).toBe(200)
    const asked = vendor.received.filter(({ path }) => path === '/token')
    expect(asked.map(({ body }) => Object.fromEntries(new URLSearchParams(body)))).toEqual([
      expect.objectContaining({ client_id: 'next-client', client_secret: 'the-next-secret' }),
    ])
    expect(verified.text + world.log.join()).not.toContain('the-next-secret')
  })

  test('of OAuth 1 signs with its consumer key and secret', async () => {
    const consumer = { key: 'consumer-key', secret: 'the-consumer-secret' }
    const held = { token: 'the-token-of-somebody', secret: 'the-token-secret-of-somebody' }
    const tokens = [{ client: consumer.key, ...held }]
    await using vendor = await startOAuth1Server({ clients: [consumer], tokens })
    const client = { clientId: consumer.key, clientSecret: consumer.secret }
    const id = await keepApp('signed', { ...client, origins: [vendor.url] })
    const brought = { server: vendor.url, token: held.token, 'token.secret': held.secret }
    const { status, body, text } = await provision('signed', { configuration: brought })
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'verified' })
    expect(body.authentication).toEqual({ type: 'oauth1', oauthAppId: id })
    expect(text).not.toContain('consumer-')
    expect(await entriesOf(body.id)).toEqual(['$token', 'token', 'token.secret'])
  })

  test('is not stored where the app profile is deleted while the vendor is asked', async () => {
    let whileAsked = async () => {}
    await using vendor = await startWebServer(async ({ path }) => {
      await whileAsked()
      return path === '/api/me' ? { status: 200 } : { body: token }
    })
    const id = await keepApp('basic', { origins: [vendor.url] })
    whileAsked = async () => {
      await call(world, 'DELETE', `/oauth-apps/${id}`)
    }
    const configuration = { server: vendor.url }
    const { body } = await provision('basic', { configuration })
    expect(body).toMatchObject({ status: 404, code: 'oauth-app-not-found' })
    expect(await instancesOf(world)).toEqual([])
  })
})

async function instancesOf({ context, organizationId }: World) {
  const text = 'select id from instances where organization_id = $1'
  return (await context.db.pool.query(text, [organizationId])).rows
}
