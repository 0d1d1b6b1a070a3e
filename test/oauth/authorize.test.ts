import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { consentElement } from '../support/consent-elements.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { findTraces } from '../support/traces.ts'
import { startWorld, type World } from '../support/world.ts'

const callbackUrl = 'https://app.example/callback?from=a%20b'
const app = { apiKey: 'client id', apiSecret: 'client-secret-of-some-length-4711' }
const server = 'https://vendor.example'
const twoFlows = {
  authentications: [
    { ...consentElement(1, 'any').authentications[0], key: 'one' },
    { ...consentElement(1, 'any').authentications[0], key: 'other', scopes: ['other'] },
    { type: 'bearer', name: 'Token', token: '{secret}' },
  ],
}
const site = { key: 'site', name: 'Site', type: 'text', aliases: ['siteAddress'] }
const definitions = [
  consentElement(9841, 'usual'),
  consentElement(9842, 'quirky', {
    authorizeUrl: '{server}/oauth/{site}/authorize?version=2&audience=a%2Bb',
    authorizeParameters: { access_type: 'offline', site: '{site}', note: '{user}' },
    scopes: ['read', 'write:{scope}', '{user}'],
    scopeSeparator: ',',
    pkce: false,
  }),
  consentElement(9843, 'stateless', { codeWithoutState: true }),
  consentElement(9844, 'twofold', {}, twoFlows),
  consentElement(9845, 'renamed', { authorizeParameters: { redirect_uri: '{user}' } }),
  consentElement(9846, 'regional', { tokenUrl: 'https://{site}.example.com/token' }),
  elementWithoutProbe,
].map((element) => ({ ...element, entries: [...element.entries, site] }))

let world: World
beforeAll(async () => {
  world = await startWorld({
    definitions,
    env: { LATCHKEY_EGRESS_ALLOW: 'intranet.example,10.0.0.0/8' },
  })
})
afterAll(() => world[Symbol.asyncDispose]())

type Given = Record<string, string>
const get = (key: string, parameters: Given | string, who: object = {}) =>
  call(world, 'GET', `/elements/${key}/oauth/url?${new URLSearchParams(parameters)}`, who)
const ask = (key: string, parameters: Given = {}) =>
  get(key, { ...app, callbackUrl, server, ...parameters })
async function pageOf(key: string, parameters: Given = {}) {
  const { status, body } = await ask(key, parameters)
  expect(status, JSON.stringify(body)).toBe(200)
  return {
    body,
    url: new URL(body.oauthUrl),
    sent: Object.fromEntries(new URL(body.oauthUrl).searchParams),
  }
}
async function refusalOf(key: string, parameters: Given = {}) {
  const { status, body } = await ask(key, parameters)
  return { status, code: body.code, invalid: body.invalid }
}

describe('the address of a page of consent', () => {
  test('asks for a code with all that the vendor needs, and says how long it is good', async () => {
    const { body, url, sent } = await pageOf('usual')
    expect(url.origin + url.pathname).toBe(`${server}/auth`)
    expect(sent).toEqual({
      response_type: 'code',
      client_id: 'client id',
      redirect_uri: callbackUrl,
      scope: 'openid offline_access',
      prompt: 'consent',
      state: body.state,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    expect(url.search).not.toContain('+')
    expect(body).toEqual({
      element: 'usual',
      oauthUrl: url.href,
      state: expect.stringMatching(/^lks_[0-9a-z]+_\w{49}$/),
      expiresAt: expect.any(String),
    })
    const life = Date.parse(body.expiresAt) - Date.now()
    expect(life).toBeGreaterThan(590_000)
    expect(life).toBeLessThanOrEqual(600_000)
  })

  test('is another one each time', async () => {
    const [one, other] = [await pageOf('usual'), await pageOf('usual')]
    expect(one.sent.state).not.toBe(other.sent.state)
    expect(one.sent.code_challenge).not.toBe(other.sent.code_challenge)
  })

  test('is as peculiar as the definition says', async () => {
    const { url, sent, body } = await pageOf('quirky', { site: 'eu', scope: '' })
    expect(url.origin + url.pathname).toBe(`${server}/oauth/eu/authorize`)
    expect(sent).toEqual({
      version: '2',
      audience: 'a+b',
      access_type: 'offline',
      site: 'eu',
      response_type: 'code',
      client_id: 'client id',
      redirect_uri: callbackUrl,
      scope: 'read,write:',
      state: body.state,
    })
  })

  test('goes without a challenge where a code may come without its state', async () => {
    const { sent } = await pageOf('stateless')
    expect(sent).not.toHaveProperty('code_challenge')
  })

  test('may name the callback by what the vendor knows it as', async () => {
    const { sent } = await pageOf('renamed', { user: 'Name_Of-It' })
    expect(sent.redirect_uri).toBe('Name_Of-It')
  })

  test('has the caller’s scopes and state in the place of others', async () => {
    const { sent } = await pageOf('usual', { scope: 'a b/c', state: 'x=1&y' })
    expect(sent).toMatchObject({ scope: 'a b/c', state: 'x=1&y' })
  })

  test('has no secret in it, nor has the database or the log', async () => {
    const { body } = await pageOf('usual', { refresh: 'refresh-secret-of-some-length-4712' })
    const secrets = { client: app.apiSecret, refresh: 'refresh-secret-of-some-length-4712' }
    expect(findTraces(JSON.stringify(body), secrets)).toEqual([])
    expect(findTraces(world.log.join('\n'), secrets)).toEqual([])
    const { rows } = await world.context.db.pool.query(
      "select a.*, s.* from authorizations a join secrets s on s.owner = 'authorization/' || a.id",
    )
    expect(rows.length).toBeGreaterThan(0)
    const state = { state: body.state, hash: createHash('sha256').update(body.state).digest('hex') }
    expect(findTraces(JSON.stringify(rows), { ...secrets, ...state })).toEqual([])
  })

  test('is told to nobody who is not known', async () => {
    const answer = await get('usual', { ...app, callbackUrl, server }, { authorization: null })
    expect(answer.status).toBe(401)
  })
})

describe('entries', () => {
  test('may go by any of their names', async () => {
    const { url } = await pageOf('quirky', { siteAddress: 'us' })
    expect(url.pathname).toBe('/oauth/us/authorize')
    const { apiKey: _, ...rest } = app
    const { body } = await get('usual', { ...rest, id: 'by-entry', callback: callbackUrl, server })
    expect(new URL(body.oauthUrl).searchParams.get('client_id')).toBe('by-entry')
  })

  test('that are missing are all named', async () => {
    const { status, body } = await get('quirky', { callbackUrl })
    expect({ status, code: body.code, missing: body.missing }).toEqual({
      status: 400,
      code: 'configuration-incomplete',
      missing: [
        { key: 'server', name: 'Server' },
        { key: 'id', name: 'Client id' },
        { key: 'site', name: 'Site' },
      ],
    })
  })

  test('that nobody knows are left out, and refused where they are misspelt', async () => {
    await pageOf('usual', { cacheBuster: '1700000000', utm_source: 'mail' })
    const { body } = await ask('usual', { servr: 'x' })
    expect(body).toMatchObject({
      code: 'configuration-invalid',
      unknown: [{ key: 'servr', nearest: 'server' }],
    })
  })

  test.each([
    [{ server: 'javascript:alert(1)' }, 'configuration-invalid'],
    [{ server: 'https://user:pw@vendor.example' }, 'configuration-invalid'],
    [{ server: 'http://vendor.example' }, 'destination-forbidden'],
    [{ id: 'another' }, 'parameters-invalid'],
    [{ state: 'x'.repeat(1001) }, 'parameters-invalid'],
    [{ state: 'a\nb' }, 'parameters-invalid'],
    [{ scope: 'é' }, 'parameters-invalid'],
  ])('that cannot be used are refused: %j', async (given, code) => {
    expect(await refusalOf('usual', given)).toMatchObject({ status: 400, code })
  })

  test('that the token endpoint needs are checked before anybody consents', async () => {
    const { body } = await ask('regional', { site: 'a/b' })
    expect(body).toMatchObject({ code: 'configuration-invalid', invalid: [{ key: 'site' }] })
    const { body: other } = await ask('regional')
    expect(other).toMatchObject({ code: 'configuration-incomplete', missing: [{ key: 'site' }] })
  })

  test('are given once', async () => {
    const query = new URLSearchParams({ ...app, callbackUrl, server })
    const { body } = await get('usual', `${query}&user=a&user=b`)
    expect(body).toMatchObject({
      code: 'parameters-invalid',
      invalid: [{ key: 'user', reason: 'is there twice' }],
    })
  })
})

describe('a callback', () => {
  test.each([
    'https://app.example/callback',
    'https://app.example:8443/callback?x=1',
    'http://localhost:3000/callback',
    'http://127.0.0.1/callback',
    'http://[::1]:8080/callback',
    'http://intranet.example/callback',
    'http://10.1.2.3/callback',
  ])('may be %s, and is sent to the letter', async (given) => {
    expect((await pageOf('usual', { callbackUrl: given })).sent.redirect_uri).toBe(given)
  })

  test.each([
    ['', 'is required'],
    ['nonsense', 'is no address'],
    ['/callback', 'is no address'],
    ['app.example:/callback', 'is no address'],
    ['javascript:alert(1)', 'is no address'],
    ['https://app.example/a b', 'is no address'],
    [' https://app.example/', 'is no address'],
    ['https://app.example/\u0000', 'is no address'],
    ['https://app.example/#fragment', 'must not have a fragment'],
    ['https://app.example/#', 'must not have a fragment'],
    ['https://user@app.example/', 'must not hold a user name or password'],
    ['http://app.example/callback', 'has to be https'],
    ['http://localhost.evil.example/', 'has to be https'],
    ['http://127.0.0.1.evil.example/', 'has to be https'],
    ['http://sub.intranet.example/', 'has to be https'],
    ['http://11.1.2.3/', 'has to be https'],
  ])('must not be %j', async (given, reason) => {
    expect(await refusalOf('usual', { callbackUrl: given })).toEqual({
      status: 400,
      code: 'parameters-invalid',
      invalid: [{ key: 'callbackUrl', reason }],
    })
  })
})

describe('of several authentications', () => {
  test('one is named', async () => {
    const { sent } = await pageOf('twofold', { authenticationType: 'other' })
    expect(sent.scope).toBe('other')
    const { body } = await ask('twofold')
    expect(body).toMatchObject({ code: 'authentication-unclear', choices: ['one', 'other'] })
    expect((await ask('twofold', { authenticationType: 'third' })).body).toMatchObject({
      code: 'authentication-unclear',
    })
  })

  test('one without a consent is provisioned without one', async () => {
    for (const [key, type] of [
      ['twofold', 'bearer'],
      ['quiet', ''],
    ]) {
      const { status, body } = await ask(key!, type ? { authenticationType: type } : {})
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'oauth-flow-different' })
      expect(body.message).toContain(`POST /elements/${key}/instances`)
    }
  })
})

describe('an instance that is connected anew', () => {
  const draft = async (authorization = world.authorization, key = 'quirky') => {
    const configuration = { server, id: 'stored-client', secret: app.apiSecret, site: 'kept' }
    const body = { element: { key }, name: 'N', verify: false, configuration }
    const answer = await call(world, 'POST', '/instances', { body, authorization })
    expect(answer.status, answer.text).toBe(200)
    return String(answer.body.id)
  }

  test('lends what it has, but no secret', async () => {
    const instanceId = await draft()
    const { body } = await get('quirky', { instanceId, callbackUrl })
    const url = new URL(body.oauthUrl)
    expect(url.pathname).toBe('/oauth/kept/authorize')
    expect(url.searchParams.get('client_id')).toBe('stored-client')
  })

  test('has to be the caller’s, and of this element', async () => {
    const { authorization } = await addColleague(world)
    for (const instanceId of [await draft(authorization), '4711000']) {
      const { status, body } = await get('quirky', { instanceId, callbackUrl })
      expect({ status, code: body.code }).toEqual({ status: 404, code: 'instance-not-found' })
    }
    const { body } = await ask('usual', { instanceId: await draft() })
    expect(body).toMatchObject({ code: 'parameters-invalid', invalid: [{ key: 'instanceId' }] })
  })
})

test('an element that is not there has no page', async () => {
  const { status, body } = await ask('usuall')
  expect({ status, code: body.code }).toEqual({ status: 404, code: 'element-not-found' })
})
