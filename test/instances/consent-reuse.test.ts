import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { retire } from '../../src/vault/retire.ts'
import { Browser, parametersOf } from '../support/browser.ts'
import { call } from '../support/client.ts'
import { consentElement } from '../support/consent-elements.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts'
import { startWorld, type World } from '../support/world.ts'

const callbackUrl = 'https://app.example/callback'
const clientSecret = 'client-secret:with~signs+and%and-enough-of-them'
const client = { apiKey: 'app-pkce', apiSecret: clientSecret }

let server: OAuthServer
let world: World
beforeAll(async () => {
  const shared = {
    client_secret: clientSecret,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [callbackUrl],
  }
  server = await startOAuthServer([
    { ...shared, client_id: 'app-pkce' },
    { ...shared, client_id: 'other-pkce' },
  ])
  world = await startWorld({
    definitions: [consentElement(9891, 'coded')],
    allow: ['127.0.0.1'],
  })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

async function consent(parameters: Record<string, string>) {
  const query = new URLSearchParams({ callbackUrl, server: server.url, ...parameters })
  const { body } = await call(world, 'GET', `/elements/coded/oauth/url?${query}`)
  return parametersOf(await new Browser().consent(body.oauthUrl))
}
const provision = (providerData: object, configuration: object = {}) =>
  call(world, 'POST', '/instances', {
    body: { element: { key: 'coded' }, name: 'N', configuration, providerData },
  })
const tokensOf = async (id: number) => JSON.parse(await openSecret(world, id, '$oauth'))

describe('with an app profile', () => {
  test('nobody sends a client, and the instance has none', async () => {
    const body = {
      element: { key: 'coded' },
      name: 'Acme',
      clientId: 'app-pkce',
      clientSecret,
      origins: [server.url],
    }
    const { body: app, text } = await call(world, 'POST', '/oauth-apps', { body })
    expect(app.id, text).toEqual(expect.any(Number))
    const redirect = await consent({ oauthAppId: String(app.id) })
    const other = await provision(redirect, { id: 'other-pkce', secret: clientSecret })
    expect(other.status).toBe(400)
    const { status, body: instance } = await provision(redirect)
    expect({ status, state: instance.state }).toEqual({ status: 200, state: 'verified' })
    expect(instance).toMatchObject({
      authentication: { type: 'oauth2', oauthAppId: app.id },
      configuration: { id: null, secret: null },
    })
    await expect(openSecret(world, instance.id, 'secret')).rejects.toThrow('no secret')
    expect((await tokensOf(instance.id)).refreshToken).toMatch(/^[\w-]{43}$/)
  })

  test('that is not there, no page is', async () => {
    const query = new URLSearchParams({ callbackUrl, server: server.url, oauthAppId: '4711' })
    const { status, body } = await call(world, 'GET', `/elements/coded/oauth/url?${query}`)
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'oauth-app-not-found' })
  })
})

test('an instance is connected anew in place, with the same id and token', async () => {
  const { body: before } = await provision(await consent(client))
  const old = await tokensOf(before.id)
  const redirect = await consent({ instanceId: String(before.id), ...client })
  const path = `/instances/${before.id}`
  const { status, body } = await call(world, 'PATCH', path, { body: { providerData: redirect } })
  expect({ status, state: body.state }).toEqual({ status: 200, state: 'verified' })
  expect([body.id, body.token]).toEqual([before.id, before.token])
  expect((await tokensOf(before.id)).accessToken).not.toBe(old.accessToken)
  const again = await call(world, 'PATCH', path, { body: { providerData: redirect } })
  expect({ status: again.status, code: again.body.code }).toEqual({
    status: 400,
    code: 'oauth-state-invalid',
  })
})

test('a consent under way outlives a turn of the keys, and the old pepper waits for it', async () => {
  const { db, vault } = world.context
  await db.kysely.deleteFrom('authorizations').execute()
  const redirect = await consent(client)
  const now = new Date()
  await vault.turnPepper(now)
  await vault.turnDataKey(world.organizationId, now)
  vault.forgetDataKeys()
  const retired = () => retire(db, vault, { settledMs: 0 })
  expect((await retired()).kept.peppers).toBe(1)
  expect((await provision(redirect)).body.state).toBe('verified')
  expect((await retired()).kept.peppers).toBe(0)
})
