import { afterAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { openSecret } from '../support/oauth-elements.ts'
import {
  callbackUrl,
  clientSecret,
  countPending,
  key,
  openConsents,
  otherCallback,
} from './consents.ts'

const { server, world, consent, provision } = await openConsents()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

describe('a consent', () => {
  test('becomes an instance whose token the API takes, with a refresh token for later', async () => {
    const redirect = await consent('coded')
    expect(redirect).toEqual({
      code: expect.any(String),
      state: expect.any(String),
      iss: server.url,
    })
    const { status, body } = await provision('coded', redirect)
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'verified' })
    expect(body).toMatchObject({
      element: { typeOauth: true },
      configuration: { id: 'app-pkce', secret: '********', callback: callbackUrl },
    })
    const tokens = JSON.parse(await openSecret(world, body.id, '$oauth'))
    expect(tokens).toMatchObject({
      accessToken: expect.stringMatching(/^[\w-]{43}$/),
      refreshToken: expect.stringMatching(/^[\w-]{43}$/),
      tokenType: 'Bearer',
      scope: 'openid offline_access',
    })
    expect(await openSecret(world, body.id, 'secret')).toBe(clientSecret)
  })

  test('sends the verifier of its challenge, and the callback that it was asked for with', async () => {
    const before = server.tokenRequests.length
    await provision('coded', await consent('coded', { callbackUrl: otherCallback }))
    const sent = Object.fromEntries(server.tokenRequests[before]!)
    expect(sent).toMatchObject({
      grant_type: 'authorization_code',
      redirect_uri: otherCallback,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  test('is exchanged by a client that proves itself with a key', async () => {
    const redirect = await consent('keyed', { apiKey: 'keyed-pkce', apiSecret: key })
    const { body } = await provision('keyed', redirect)
    expect(body).toMatchObject({ state: 'verified', configuration: { key: '********' } })
    expect(server.tokenRequests.at(-1)!.get('client_assertion')).toMatch(/^ey/)
  })

  test('tells more than OAuth does, where its redirect does', async () => {
    server.redirectParameters = { realmId: '4711' }
    const redirect = await consent('company')
    server.redirectParameters = {}
    const { realmId, ...rest } = redirect
    expect((await provision('company', rest)).body).toMatchObject({
      code: 'configuration-incomplete',
      missing: [{ key: 'providerData.realmId', name: 'Company' }],
    })
    const { body } = await provision('company', { ...rest, realmId })
    expect(body).toMatchObject({ state: 'verified', configuration: { realm: '4711' } })
  })

  test('leaves nothing behind', async () => {
    const redirect = await consent('coded')
    const waiting = await countPending(world)
    await provision('coded', redirect)
    expect(await countPending(world)).toEqual({
      rows: waiting.rows - 1,
      secrets: waiting.secrets - 1,
    })
  })
})

describe('without', () => {
  test('a code, nothing is provisioned, in the words that clients know', async () => {
    for (const providerData of [undefined, {}, { code: '' }, { state: 'x' }]) {
      const { status, body } = await provision('coded', providerData, { server: server.url })
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'oauth-code-missing' })
      expect(body.message).toMatch(
        /^You must provide an OAuth code in order to create an instance of this element/,
      )
    }
  })

  test('a code, a draft is stored all the same, and so is a refresh token that is brought', async () => {
    const given = { server: server.url, id: 'app', secret: clientSecret }
    const draft = await provision('coded', undefined, given, { verify: false })
    expect(draft.body).toMatchObject({ state: 'draft', provisionInteractions: [] })
    const spared = await provision('coded', { code: 'x' }, given, { verify: false })
    expect(spared.body.warnings).toEqual([
      { key: 'providerData', message: expect.stringContaining('was not used') },
    ])
    const brought = await provision(
      'brought',
      undefined,
      { ...given, refresh: await server.issueRefreshToken('app') },
      { externalAuthentication: 'initial' },
    )
    expect(brought.body).toMatchObject({ state: 'verified', externalAuthentication: 'initial' })
  })

  test('its state, a code is refused by name', async () => {
    const { state: _, ...redirect } = await consent('coded')
    const { status, body } = await provision('coded', redirect)
    expect({ status, code: body.code, missing: body.missing }).toEqual({
      status: 400,
      code: 'oauth-state-missing',
      missing: [{ key: 'providerData.state', name: 'State' }],
    })
  })
})

test('a trial spends no code', async () => {
  const redirect = await consent('coded')
  const body = { configuration: { server: server.url }, providerData: redirect }
  const trial = await call(world, 'POST', '/elements/coded/test', { body })
  expect({ status: trial.status, code: trial.body.code }).toEqual({
    status: 400,
    code: 'oauth-code-untriable',
  })
  expect((await provision('coded', redirect)).body.state).toBe('verified')
})
