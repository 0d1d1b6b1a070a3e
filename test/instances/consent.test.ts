import { generateKeyPairSync } from 'node:crypto'
import type { ClientMetadata } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Browser, parametersOf } from '../support/browser.ts'
import { call, countStored } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { consentElement } from '../support/consent-elements.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts'
import { until } from '../support/until.ts'
import { startWebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const callbackUrl = 'https://app.example/callback'
const otherCallback = 'https://app.example/other'
const clientSecret = 'client-secret:with~signs+and%and-enough-of-them'
const client: Omit<ClientMetadata, 'client_id'> = {
  client_secret: clientSecret,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [callbackUrl, otherCallback],
}
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const app = { apiKey: 'app-pkce', apiSecret: clientSecret }
const company = consentElement(9808, 'company', { fromRedirect: { realm: 'realmId' } })
const realm = { key: 'realm', name: 'Company', type: 'text', discovered: true }
const telling = { ...company, entries: [...company.entries, realm] }
const definitions = [
  consentElement(9801, 'coded'),
  consentElement(9802, 'stateless', { codeWithoutState: true }),
  consentElement(9803, 'twin'),
  consentElement(9804, 'brought', { refreshToken: '{refresh}' }),
  consentElement(9805, 'issued', { issuer: '{server}' }),
  consentElement(9806, 'bare', { pkce: false }),
  telling,
  consentElement(9807, 'keyed', {
    clientAuthentication: 'privateKeyJwt',
    clientSecret: undefined,
    signingKey: '{key}',
    algorithm: 'ES256',
    audience: '{server}',
  }),
]

let server: OAuthServer
let world: World
beforeAll(async () => {
  server = await startOAuthServer([
    { ...client, client_id: 'app-pkce' },
    { ...client, client_id: 'app' },
    {
      ...client,
      client_id: 'keyed-pkce',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [publicKey.export({ format: 'jwk' })] },
    },
  ])
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const ask = (key: string, parameters: Record<string, string> = {}, who: object = {}) =>
  call(
    world,
    'GET',
    `/elements/${key}/oauth/url?${new URLSearchParams({ ...app, callbackUrl, server: server.url, ...parameters })}`,
    who,
  )
/** What the callback received after somebody's consent. */
async function consent(key: string, parameters: Record<string, string> = {}, who: object = {}) {
  const { body } = await ask(key, parameters, who)
  return parametersOf(await new Browser().consent(body.oauthUrl))
}
const provision = (
  key: string,
  providerData: object | undefined,
  configuration: object = {},
  more: object = {},
  who: object = {},
) =>
  call(world, 'POST', '/instances', {
    body: { element: { key }, name: 'N', configuration, providerData, ...more },
    ...who,
  })

async function refused(...given: Parameters<typeof provision>) {
  const before = await countStored(world)
  const { status, body } = await provision(...given)
  expect((await countStored(world)).instances).toBe(before.instances)
  return { status, code: body.code, message: body.message }
}
const invalidState = {
  status: 400,
  code: 'oauth-state-invalid',
  message:
    'The redirect belongs to no consent that you asked for and that is still under way. Begin again with GET /elements/coded/oauth/url.',
}

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
    const waiting = await countPending()
    await provision('coded', redirect)
    expect(await countPending()).toEqual({
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

describe('a state is good once, and for nothing else', () => {
  test('it is spent by an instance, and by an exchange that the vendor refuses', async () => {
    const redirect = await consent('coded')
    await provision('coded', redirect)
    expect(await refused('coded', redirect)).toEqual(invalidState)
    const other = await consent('coded')
    const wrong = await provision('coded', { ...other, code: 'wrong-code' })
    expect({ status: wrong.status, code: wrong.body.code }).toEqual({
      status: 400,
      code: 'credentials-rejected',
    })
    expect(await refused('coded', other)).toEqual(invalidState)
  })

  test('of two requests at once, one is provisioned', async () => {
    const redirect = await consent('coded')
    const both = await Promise.all([provision('coded', redirect), provision('coded', redirect)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
    expect(both.find(({ status }) => status === 400)!.body.code).toBe('oauth-state-invalid')
  })

  test('a typing error costs no consent', async () => {
    const redirect = await consent('coded')
    const misspelt = await provision('coded', redirect, { scop: 'x' })
    expect(misspelt.body).toMatchObject({
      code: 'configuration-invalid',
      unknown: [{ key: 'scop', nearest: 'scope' }],
    })
    expect((await provision('coded', redirect, {}, { name: '<b></b>' })).body.code).toBe(
      'name-missing',
    )
    expect((await provision('coded', redirect)).body.state).toBe('verified')
  })

  test('it is not good for another user, element or organization', async () => {
    const redirect = await consent('coded')
    const colleague = await addColleague(world)
    const stranger = await world.addOrganization()
    for (const who of [colleague, stranger]) {
      expect(await refused('coded', redirect, { server: server.url }, {}, who)).toEqual(
        invalidState,
      )
    }
    expect(await refused('twin', redirect)).toMatchObject({ code: 'oauth-state-invalid' })
    expect((await provision('coded', redirect)).body.state).toBe('verified')
  })

  test('it is not good for another instance than the one that it was asked for', async () => {
    const { body: before } = await provision('coded', await consent('coded'))
    const redirect = await consent('coded', { instanceId: String(before.id) })
    expect(await refused('coded', redirect)).toEqual(invalidState)
  })

  test('it is not good for a caller where a connect session began it', async () => {
    const redirect = await consent('coded')
    const { pool } = world.context.db
    await pool.query(`update authorizations set connect_session_id = 4711
      where id = (select max(id) from authorizations)`)
    expect(await refused('coded', redirect)).toEqual(invalidState)
    expect((await countPending()).rows).toBeGreaterThan(0)
  })

  test('it is not good when it has expired, was forged or cut', async () => {
    const redirect = await consent('coded')
    const { state = '' } = redirect
    for (const forged of ['x', `${state}x`, state.slice(0, -1), `${state.slice(0, -1)}\u{0}`]) {
      expect(await refused('coded', { ...redirect, state: forged })).toMatchObject({ status: 400 })
    }
    await world.context.db.pool.query(
      "update authorizations set expires_at = now() - interval '1 ms'",
    )
    expect(await refused('coded', redirect)).toEqual(invalidState)
  })

  test('nothing was sent to the vendor for any of them', async () => {
    const before = server.tokenRequests.length
    const redirect = await consent('coded')
    await refused('coded', { ...redirect, state: 'forged' })
    await refused('twin', redirect)
    expect(server.tokenRequests.length).toBe(before)
  })

  test('what has expired is swept, with its secrets', async () => {
    await ask('coded')
    await world.context.db.pool.query(
      "update authorizations set expires_at = now() - interval '1 s'",
    )
    const expired = await countPending()
    expect(expired.rows).toBeGreaterThan(0)
    await until(async () => {
      await ask('twin')
      const { rows } = await world.context.db.pool.query(
        'select count(*) as rows from authorizations where expires_at < now()',
      )
      return rows[0].rows === 0
    })
    const { rows, secrets } = await countPending()
    expect(secrets).toBe(rows)
  })

  test('of very many that are under way, the oldest give way', async () => {
    const colleague = await addColleague(world)
    const [first] = [await consent('coded', {}, colleague)]
    await world.context.db.pool.query(
      `insert into authorizations
       select (jsonb_populate_record(a, jsonb_build_object('id', a.id + 1000000 + more,
         'created_at', now() + make_interval(secs => more / 1000.0)))).*
       from authorizations a, generate_series(1, 999) more where a.user_id = $1`,
      [colleague.userId],
    )
    const { rows } = await world.context.db.pool.query(
      'select count(*) as rows from authorizations where user_id = $1',
      [colleague.userId],
    )
    expect(rows[0].rows).toBe(1000)
    await ask('coded', {}, colleague)
    expect(await refused('coded', first, {}, {}, colleague)).toEqual(invalidState)
    const { rows: left } = await world.context.db.pool.query(
      'select count(*) as rows from authorizations where user_id = $1',
      [colleague.userId],
    )
    expect(left[0].rows).toBe(1000)
  })
})

describe('a caller’s own state', () => {
  test('is sent as it is, and its latest consent counts', async () => {
    const state = 'tenant=7&return=/settings?a=b c'
    await ask('coded', { state })
    const redirect = await consent('coded', { state })
    expect(redirect.state).toBe(state)
    expect((await provision('coded', redirect)).body.state).toBe('verified')
  })

  test('must not look like one of ours', async () => {
    const { status, body } = await ask('coded', { state: 'lks_1_abc' })
    expect({ status, invalid: body.invalid }).toEqual({
      status: 400,
      invalid: [{ key: 'state', reason: 'begins with "lks_"' }],
    })
  })
})

describe('where a definition permits a code without its state', () => {
  const plain = { ...app, apiKey: 'app' }

  test('the latest consent of that user and callback is used up', async () => {
    const { code } = await consent('stateless', plain)
    const { body } = await provision('stateless', { code })
    expect(body.state).toBe('verified')
    expect(server.tokenRequests.at(-1)!.has('code_verifier')).toBe(false)
    expect(await refused('stateless', { code })).toMatchObject({ code: 'oauth-state-missing' })
  })

  test('somebody else’s consent is none', async () => {
    const { code } = await consent('stateless', plain)
    const colleague = await addColleague(world)
    expect(await refused('stateless', { code }, {}, {}, colleague)).toMatchObject({
      code: 'oauth-state-missing',
    })
    await provision('stateless', { code })
  })

  test('the callback says which one is meant, where there are several', async () => {
    const { code } = await consent('stateless', plain)
    const other = await consent('stateless', { ...plain, callbackUrl: otherCallback })
    expect(await refused('stateless', { code })).toMatchObject({ code: 'oauth-state-missing' })
    const given = { callback: callbackUrl }
    expect((await provision('stateless', { code }, given)).body.state).toBe('verified')
    // Its state still says the same.
    expect((await provision('stateless', other)).body.state).toBe('verified')
  })
})

describe('who answers', () => {
  test('has to be the one that was asked', async () => {
    const redirect = await consent('coded')
    for (const iss of ['https://attacker.example', `${server.url}.attacker.example`, 'nonsense']) {
      expect(await refused('coded', { ...redirect, iss })).toEqual(invalidState)
    }
    const { iss: _, ...silent } = redirect
    expect((await provision('coded', silent)).body.state).toBe('verified')
  })

  test('is compared to the letter with the issuer of a definition', async () => {
    const redirect = await consent('issued')
    expect(await refused('issued', { ...redirect, iss: `${server.url}/` })).toMatchObject({
      code: 'oauth-state-invalid',
    })
    expect((await provision('issued', redirect)).body.state).toBe('verified')
  })
})

describe('a vendor that says no', () => {
  test('is quoted in plain words, and its state is spent', async () => {
    const { body } = await ask('coded')
    const redirect = parametersOf(await new Browser().consent(body.oauthUrl, 'deny'))
    expect(redirect).toMatchObject({ error: 'access_denied', state: expect.any(String) })
    const answer = await provision('coded', redirect)
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'consent-refused',
        message: expect.stringContaining('somebody declined it there'),
        providerMessage: 'End-User aborted interaction',
      },
    })
    const { state } = redirect
    expect(await refused('coded', { code: 'any-code', state })).toEqual(invalidState)
  })

  test.each([
    ['access_denied', 'Ask again, and have it granted by someone who may'],
    ['invalid_scope', 'not all of the scopes'],
    ['unauthorized_client', 'Allow it for the app'],
    ['temporarily_unavailable', 'Ask again in a while'],
    ['server_error', 'Ask again in a while'],
    ['weird_error', 'its reason is weird_error'],
    ['constructor', 'its reason is constructor'],
    ['<script>alert(1)</script>', 'its reason is (not repeated)'],
  ])('%s says what to do', async (error, words) => {
    const { body } = await provision('coded', { error })
    expect(body.code).toBe('consent-refused')
    expect(body.message).toContain(words)
    expect(body).not.toHaveProperty('providerMessage')
  })

  test('because it wants PKCE where the definition has none says so', async () => {
    const redirect = await consent('bare')
    expect(redirect).toMatchObject({ error: 'invalid_request', state: expect.any(String) })
    const { body } = await provision('bare', redirect)
    expect(body).toMatchObject({
      code: 'consent-refused',
      message: expect.stringContaining('does not understand the request'),
      providerMessage: expect.stringContaining('PKCE'),
    })
  })

  test('repeats no secret, and not for ever', async () => {
    const { body } = await ask('coded')
    const description = `${clientSecret} ${encodeURIComponent(clientSecret)} ${'x'.repeat(5000)}`
    const given = { error: 'server_error', error_description: description, state: body.state }
    const answer = await provision('coded', given)
    expect(answer.body.code).toBe('consent-refused')
    expect(answer.body.providerMessage.length).toBeLessThanOrEqual(1000)
    expect(answer.body.providerMessage).toMatch(/^\*{8} \*{8} x/)
  })
})

describe('what was given when the consent was asked for', () => {
  test('counts as given, unless the request gives it itself', async () => {
    const redirect = await consent('coded', { scope: 'openid offline_access', user: 'before' })
    const { body } = await provision('coded', redirect, { user: 'after', secret: clientSecret })
    expect(body.configuration).toMatchObject({ user: 'after', server: server.url })
  })

  test('is not for another client', async () => {
    const redirect = await consent('coded')
    const answer = await provision('coded', redirect, { id: 'app' })
    expect({ status: answer.status, code: answer.body.code }).toEqual({
      status: 400,
      code: 'oauth-client-different',
    })
    expect((await provision('coded', redirect)).body.state).toBe('verified')
  })

  test('goes nowhere else, and nothing is sent there', async () => {
    await using elsewhere = await startWebServer(() => ({ body: {} }))
    const { iss: _, ...redirect } = await consent('coded')
    const answer = await provision('coded', redirect, { server: elsewhere.url })
    expect({ status: answer.status, code: answer.body.code, missing: answer.body.missing }).toEqual(
      {
        status: 422,
        code: 'secrets-required',
        missing: [{ key: 'secret', name: 'secret' }],
      },
    )
    expect(elsewhere.received).toEqual([])
    expect((await provision('coded', redirect)).body.state).toBe('verified')
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

test.each([
  ['a code that is a number', 'providerData.code', { code: 7 }],
  ['a very long code', 'providerData.code', { code: 'x'.repeat(9000) }],
  ['a code with a control character', 'providerData.code', { code: 'a\u0000b' }],
  ['several states', 'providerData.state', { code: 'a', state: ['b'] }],
  ['an issuer that is no text', 'providerData.iss', { code: 'a', iss: {} }],
])('what no redirect says is refused: %s', async (_, key, providerData) => {
  const { status, body } = await provision('coded', providerData)
  expect({
    status,
    code: body.code,
    keys: body.invalid.map((one: { key: string }) => one.key),
  }).toEqual({ status: 400, code: 'body-invalid', keys: [key] })
})

async function countPending() {
  const { rows } = await world.context.db.pool.query(`
    select (select count(*) from authorizations) as rows,
      (select count(*) from secrets where owner like 'authorization/%') as secrets`)
  return rows[0] as { rows: number; secrets: number }
}
