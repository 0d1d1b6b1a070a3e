import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { startOAuth1Server } from '../support/oauth1-server.ts'
import { startWebServer } from '../support/web-server.ts'
import type { World } from '../support/world.ts'
import { clientSecret, me, openAppClients } from './app-clients.ts'

const { server, elsewhere, world, keepApp, provision, naming, refused, entriesOf } =
  await openAppClients()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await elsewhere[Symbol.asyncDispose]()
})

let colleague: { authorization: string; userId: number }
/** An organization without any app profile. */
let fresh: { authorization: string; organizationId: number }

beforeEach(async () => {
  Object.assign(world, await world.addOrganization())
  colleague = await addColleague(world)
  fresh = await world.addOrganization()
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
