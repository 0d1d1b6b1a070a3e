import { expect } from 'vitest'
import { call } from '../support/client.ts'
import type { World } from '../support/world.ts'

/** App profiles: of a user, of an admin, of a stranger, and in use. */
export async function everyAppRequest(
  world: World,
  fresh: Pick<World, 'url' | 'authorization'>,
  authorization: string,
) {
  const send = async (status: number, ...request: Parameters<typeof call>) => {
    const answer = await call(...request)
    expect(answer.status).toBe(status)
    return answer
  }
  const element = { key: 'tokens' }
  const client = { clientId: 'acme', clientSecret: 'a-secret-of-the-app' }
  const body = { element, name: 'Acme', ...client, shared: true }
  const { body: app } = await send(200, world, 'POST', '/oauth-apps', { body })
  const path = `/oauth-apps/${app.id}`
  await send(200, world, 'GET', '/oauth-apps?element=tokens')
  await send(200, world, 'GET', '/oauth-apps?pageSize=1', { authorization })
  await send(404, fresh, 'GET', path)
  await send(200, world, 'PUT', path, { body: { name: 'Renamed' } })
  await send(200, world, 'PUT', path, { body: { ...client, shared: false } })
  const configuration = { server: 'https://api.example.com' }
  const draft = { element, name: 'Draft', configuration, verify: false }
  const { body: instance } = await send(200, world, 'POST', '/instances', { body: draft })
  expect(instance.authentication.oauthAppId).toBe(app.id)
  await send(409, world, 'DELETE', path)
  const { body: unused } = await send(200, world, 'POST', '/oauth-apps', { body })
  await send(200, world, 'DELETE', `/oauth-apps/${unused.id}`)
}

/** Consents: asked for, brought back, refused and spent, with a state and without. */
export async function everyConsentRequest(world: World) {
  const given = { apiKey: 'acme', apiSecret: 'a-secret-of-the-app', server: 'https://127.0.0.1' }
  const callbackUrl = 'https://app.example.com/callback'
  const ask = async (more: object = {}) => {
    const query = new URLSearchParams({ ...given, callbackUrl, ...more })
    return call(world, 'GET', `/elements/consents/oauth/url?${query}`)
  }
  const provision = async (providerData: object | undefined, more: object = {}) => {
    const body = { element: { key: 'consents' }, name: 'N', providerData, ...more }
    return call(world, 'POST', '/instances', { body })
  }
  const { server } = given
  const configuration = { server, id: 'acme', secret: given.apiSecret }
  const draft = await provision(undefined, { verify: false, configuration })
  expect(draft.status).toBe(200)
  expect((await ask({ instanceId: String(draft.body.id) })).status).toBe(200)
  const { body: asked } = await ask()
  const { code: spent } = (await provision({ code: 'x', state: asked.state })).body
  expect(spent).toBe('destination-forbidden')
  expect((await provision({ code: 'x', state: asked.state })).body.code).toBe('oauth-state-invalid')
  await ask()
  expect((await provision({ code: 'x' })).body.code).toBe('destination-forbidden')
  const { body: refused } = await ask()
  const denied = { error: 'access_denied', state: refused.state }
  expect((await provision(denied)).body.code).toBe('consent-refused')
}
