import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parametersOf } from '../support/browser.ts'
import { call, countStored } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { consentElement } from '../support/consent-elements.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { byConsent, oauth1Element } from '../support/oauth1-elements.ts'
import { type OAuth1Server, startOAuth1Server } from '../support/oauth1-server.ts'
import { findTraces } from '../support/traces.ts'
import { startWorld, type World } from '../support/world.ts'

const callbackUrl = 'https://app.example/callback?tenant=7'
const client = { key: 'consumer', secret: 'consumer-secret-of-some-length-0123' }
const app = { apiKey: client.key, apiSecret: client.secret }
const definitions = [
  oauth1Element(9821, 'signed', { ...byConsent, callbackUrl: '{callback}' }),
  oauth1Element(9822, 'tokened'),
  consentElement(9823, 'coded'),
]

let server: OAuth1Server
let world: World
beforeAll(async () => {
  server = await startOAuth1Server({ clients: [client] })
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const ask = (what: 'url' | 'token', key: string, parameters: object = {}, who: object = {}) => {
  const given = { ...app, callbackUrl, server: server.url, ...parameters }
  const query = new URLSearchParams(given as Record<string, string>)
  return call(world, 'GET', `/elements/${key}/oauth/${what}?${query}`, who)
}
const provision = (providerData: object, configuration: object = {}, who: object = {}) =>
  call(world, 'POST', '/instances', {
    body: { element: { key: 'signed' }, name: 'N', configuration, providerData },
    ...who,
  })
const consent = async (oauthUrl: string) => parametersOf(await server.consent(oauthUrl))

describe('a consent with OAuth 1', () => {
  test('becomes an instance, as Cloud Elements’ clients ask for one', async () => {
    const asked = await ask('token', 'signed')
    expect(asked.status).toBe(200)
    const { token, secret } = asked.body
    const page = await ask('url', 'signed', { requestToken: token, callbackUrl: '' })
    expect(page.body).toMatchObject({ element: 'signed', state: token })
    const redirect = await consent(page.body.oauthUrl)
    expect(redirect).toMatchObject({ tenant: '7', oauth_token: token })
    const { oauth_token, oauth_verifier } = redirect
    const { status, body } = await provision({ oauth_token, oauth_verifier, secret })
    expect({ status, state: body.state }).toEqual({ status: 200, state: 'verified' })
    expect(body).toMatchObject({
      element: { typeOauth: true },
      configuration: { client: client.key, 'client.secret': '********', callback: callbackUrl },
    })
    const tokens = JSON.parse(await openSecret(world, body.id, '$oauth'))
    expect(server.issued).toContain(tokens.accessToken)
  })

  test('needs no request token of the caller, and carries the caller’s own state', async () => {
    const { body } = await ask('url', 'signed', { state: 'mine & only' })
    const redirect = await consent(body.oauthUrl)
    expect(redirect).toMatchObject({ tenant: '7', state: 'mine & only' })
    expect((await provision(redirect)).body.state).toBe('verified')
    const { status, body: again } = await provision(redirect)
    expect({ status, code: again.code }).toEqual({ status: 400, code: 'oauth-state-invalid' })
  })

  test('leaves neither tokens nor secrets in what is answered or logged', async () => {
    const { body: page } = await ask('url', 'signed')
    const redirect = await consent(page.oauthUrl)
    const answer = await provision(redirect)
    expect(answer.body.state).toBe('verified')
    const { oauth_token: token, oauth_verifier: verifier } = redirect
    const issued = Object.fromEntries(server.issued.map((text, at) => [`issued ${at}`, text]))
    const secrets = { ...issued, client: client.secret, verifier: verifier!, token: token! }
    expect(findTraces(answer.text.replace(/"token":"lki_\w+"/, ''), secrets)).toEqual([])
    expect(findTraces(world.log.join('\n'), secrets)).toEqual([])
  })
})

describe('it is refused', () => {
  test.each([
    ['nothing', {}],
    ['no verifier', { oauth_token: 'x' }],
    ['no token', { oauth_verifier: 'x' }],
  ])('with %s', async (_, providerData) => {
    const { status, body } = await provision(providerData, { server: server.url })
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'oauth-code-missing' })
    expect(body.message).toContain('"oauth_verifier"')
  })

  test('for a token that nobody was given, or another user', async () => {
    const { body } = await ask('url', 'signed')
    const redirect = await consent(body.oauthUrl)
    const forged = await provision({ ...redirect, oauth_token: 'forged', secret: 'x' })
    expect(forged.body.code).toBe('oauth-state-invalid')
    const colleague = await addColleague(world)
    const { authorization } = colleague
    expect((await provision(redirect, {}, { authorization })).body.code).toBe('oauth-state-invalid')
    const asked = await ask('url', 'signed', { requestToken: body.state }, { authorization })
    expect(asked.body.code).toBe('oauth-state-invalid')
    expect((await provision(redirect)).body.state).toBe('verified')
  })

  test('for the token of one consent with the state of another', async () => {
    const one = await consent((await ask('url', 'signed', { state: 'one' })).body.oauthUrl)
    const other = await consent((await ask('url', 'signed', { state: 'other' })).body.oauthUrl)
    const { status, body } = await provision({ ...one, state: other.state })
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'oauth-state-invalid' })
  })

  test('with a wrong verifier by the vendor, and is spent then', async () => {
    const before = await countStored(world)
    const { body } = await ask('url', 'signed')
    const redirect = { ...(await consent(body.oauthUrl)), oauth_verifier: 'wrong' }
    const answer = await provision(redirect)
    expect({ status: answer.status, code: answer.body.code }).toEqual({
      status: 400,
      code: 'credentials-rejected',
    })
    expect((await provision(redirect)).body.code).toBe('oauth-state-invalid')
    expect((await countStored(world)).instances).toBe(before.instances)
  })

  test('where somebody declined it', async () => {
    const { body } = await ask('url', 'signed')
    const denied = await provision({ denied: body.state, oauth_token: body.state })
    expect(denied.body).toMatchObject({ code: 'consent-refused' })
    expect(denied.body.message).toContain('declined')
    const spent = await provision({ oauth_token: body.state, oauth_verifier: 'x' })
    expect(spent.body.code).toBe('oauth-state-invalid')
  })

  test('by the vendor before it begins, with the details and without a secret', async () => {
    for (const what of ['url', 'token'] as const) {
      const answer = await ask(what, 'signed', { apiSecret: 'wrong-secret-of-some-length' })
      expect({ status: answer.status, code: answer.body.code }).toEqual({
        status: 400,
        code: 'credentials-rejected',
      })
      expect(answer.body.probe.request.url).toBe(`${server.url}/oauth/request_token`)
      expect(findTraces(answer.text, { secret: 'wrong-secret-of-some-length' })).toEqual([])
    }
  })

  test('where the element goes another way, saying which', async () => {
    const token = await ask('token', 'coded', { apiSecret: '' })
    expect(token.body).toMatchObject({
      code: 'oauth-flow-different',
      message: expect.stringContaining('GET /elements/coded/oauth/url'),
    })
    const url = await ask('url', 'coded', { requestToken: 'x' })
    expect(url.body).toMatchObject({
      code: 'oauth-flow-different',
      message: expect.stringContaining('leave requestToken out'),
    })
    for (const what of ['url', 'token'] as const) {
      expect((await ask(what, 'tokened')).body).toMatchObject({
        code: 'oauth-flow-different',
        message: expect.stringContaining('POST /elements/tokened/instances'),
      })
    }
  })
})
