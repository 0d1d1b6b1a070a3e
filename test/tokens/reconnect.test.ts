import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { clientSecret, startTokenServer, type TokenServer } from '../support/token-server.ts'
import { startWorld, type World } from '../support/world.ts'
import {
  type Connected,
  connect,
  definitions,
  endIn,
  get,
  jobsOf,
  lifeOf,
  outwait,
} from './instances.ts'

let world: World
let vendor: TokenServer

beforeAll(async () => {
  vendor = await startTokenServer()
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
beforeEach(() => {
  vendor.secret = clientSecret
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const show = async ({ instanceId }: Connected) =>
  (await call(world, 'GET', `/instances/${instanceId}`)).body

async function lose(key: Connected) {
  vendor.usable.clear()
  await endIn(world, key, -1)
  await expect(get(world, key, vendor)).rejects.toMatchObject({ code: 'reconnect-required' })
}

test('an instance whose consent was withdrawn tells so wherever it is used', async () => {
  const key = await connect(world, vendor)
  await lose(key)
  const { status, body } = await call(world, 'POST', `/instances/${key.instanceId}/verify`)
  expect({ status, code: body.code }).toEqual({ status: 409, code: 'reconnect-required' })
  expect(body.message).toContain('Connect the instance anew')
})

test('it is connected in place: the same id and token, and it is valid', async () => {
  const key = await connect(world, vendor)
  const before = await show(key)
  await lose(key)
  const answer = await call(world, 'PATCH', `/instances/${key.instanceId}`, {
    body: { configuration: { refresh: vendor.consent() } },
  })
  expect(answer.body).toMatchObject({
    id: before.id,
    token: before.token,
    valid: true,
    state: 'verified',
    stateReason: null,
  })
  expect(await get(world, key, vendor)).toMatchObject({ status: 200 })
  expect(await lifeOf(world, key)).toMatchObject({ version: 2, failures: 0, problem: null })
  expect(await jobsOf(world, key)).toMatchObject([{ data: { version: 2 } }])
  await endIn(world, key, -1)
  expect(await get(world, key, vendor)).toMatchObject({ status: 200 })
})

test('what a refresh yields is not stored over a connection that was made anew meanwhile', async () => {
  const key = await connect(world, vendor)
  await endIn(world, key, -1)
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  vendor.next = [
    async (grant) => {
      asked.resolve()
      await answered.promise
      return grant()
    },
  ]
  const calling = get(world, key, vendor)
  await asked.promise
  const refresh = vendor.consent()
  const answer = await call(world, 'PATCH', `/instances/${key.instanceId}`, {
    body: { configuration: { refresh } },
  })
  expect(answer.status).toBe(200)
  const kept = await openSecret(world, key.instanceId, '$oauth')
  answered.resolve()
  expect(await calling).toMatchObject({ status: 200 })
  expect(await openSecret(world, key.instanceId, '$oauth')).toBe(kept)
  expect(world.log.join('\n')).toContain('no longer wanted')
})

test('tokens are refreshed with the client of an app profile, as it is by then', async () => {
  const app = { element: { key: 'brought' }, name: 'Acme', clientId: 'client', clientSecret }
  const made = await call(world, 'POST', '/oauth-apps', { body: { ...app, origins: [vendor.url] } })
  expect(made.status).toBe(200)
  const provisioned = await call(world, 'POST', '/instances', {
    body: {
      element: { key: 'brought' },
      name: 'N',
      configuration: { server: vendor.url, refresh: vendor.consent() },
      authentication: { type: 'oauth2', oauthAppId: made.body.id },
    },
  })
  expect(provisioned.status).toBe(200)
  const key = { organizationId: world.organizationId, instanceId: provisioned.body.id }
  await endIn(world, key, -1)
  expect(await get(world, key, vendor)).toMatchObject({ status: 200 })

  vendor.secret = 'another-client-secret-of-some-length'
  await endIn(world, key, -1)
  const reason = expect.stringContaining(`secret of the app profile ${made.body.id}`)
  await expect(get(world, key, vendor)).rejects.toMatchObject({ message: reason })
  expect(await show(key)).toMatchObject({ valid: false, stateReason: reason })
  const changed = await call(world, 'PUT', `/oauth-apps/${made.body.id}`, {
    body: { ...app, clientSecret: vendor.secret, origins: [vendor.url] },
  })
  expect(changed.status).toBe(200)
  await outwait(world, key)
  expect(await get(world, key, vendor)).toMatchObject({ status: 200 })
  expect(await show(key)).toMatchObject({ valid: true, stateReason: null })
})
