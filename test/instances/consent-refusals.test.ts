import { afterAll, describe, expect, test } from 'vitest'
import { Browser, parametersOf } from '../support/browser.ts'
import { startWebServer } from '../support/web-server.ts'
import { clientSecret, invalidState, openConsents } from './consents.ts'

const { server, world, ask, consent, provision, refused } = await openConsents()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
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
