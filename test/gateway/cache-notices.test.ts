import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessFor } from '../../src/tokens/renew.ts'
import { bodyOf } from '../certificates/fixtures.ts'
import { call } from '../support/client.ts'
import { startTokenServer, type TokenServer } from '../support/token-server.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { connect, definitions, endIn } from '../tokens/instances.ts'
import { countQueries } from './replicas.ts'

let vendor: TokenServer
let world: World
let listening: pg.Client
let heard: string[] = []
beforeAll(async () => {
  vendor = await startTokenServer()
  world = await startWorld({ definitions, allow: [new URL(vendor.url).host] })
  listening = new pg.Client({ connectionString: world.databaseUrl })
  await listening.connect()
  listening.on('notification', ({ payload = '' }) => heard.push(payload))
  await listening.query('listen latchkey_instances')
  await listening.query('listen end_of_work')
})
afterAll(async () => {
  await listening.end()
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

/** What is told of instances while `work` runs, each once. */
async function hear(work: () => Promise<unknown>): Promise<string[]> {
  heard = []
  await work()
  await world.context.db.pool.query("select pg_notify('end_of_work', 'end')")
  await until(() => heard.includes('end'))
  return [...new Set(heard)].filter((one) => one !== 'end')
}

const send = async (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object) => {
  const answer = await call(world, method, path, { body })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body
}

const authorizationOf = async (id: number) => {
  const { body } = await call(world, 'GET', `/instances/${id}`)
  return `${world.authorization}, Element ${body.token}`
}

test('nobody is told of new instances, of calls, and of refreshed tokens', async () => {
  expect(
    await hear(async () => {
      const key = await connect(world, vendor)
      const authorization = await authorizationOf(key.instanceId)
      expect((await call(world, 'GET', '/ping', { authorization })).status).toBe(200)
      expect((await call(world, 'GET', '/proxy/me', { authorization })).status).toBe(200)
      await world.context.tokenUses.flush()
      await endIn(world, key, 10)
      const { tokens } = await accessFor(world.context, key)
      expect(tokens?.version).toBe(2)
    }),
  ).toEqual([])
})

test('of a change to an instance alone, it is told by name', async () => {
  const { organizationId, instanceId } = await connect(world, vendor)
  const path = `/instances/${instanceId}`
  const name = `${organizationId}/${instanceId}`
  for (const work of [
    () => send('PATCH', path, { name: 'Another name' }),
    () => send('PATCH', path, { settings: { timeZone: 'Europe/Paris' } }),
    () => send('DELETE', `${path}/enabled`),
    () => send('PUT', `${path}/enabled`),
    () => send('POST', `${path}/token`),
    () => send('DELETE', `${path}/token?previous=true`),
    () => send('DELETE', path),
  ]) {
    expect(await hear(work)).toEqual([name])
  }
})

test('of what several instances may use, the organization is told', async () => {
  const { organizationId } = world
  const certificate = await send('POST', '/certificates', bodyOf('default.p12'))
  const windows = [{ amount: 1, unit: 'day' }]
  const limit = await send('POST', '/rate-limits', { name: 'Budget', windows })
  const client = { clientId: 'client', clientSecret: 'a-client-secret-of-some-length' }
  const about = { element: { key: 'client' }, name: 'App', origins: [vendor.url] }
  const app = await send('POST', '/oauth-apps', { ...about, ...client })
  for (const work of [
    () => send('PUT', `/certificates/${certificate.id}`, bodyOf('default.p12')),
    () => send('DELETE', `/certificates/${certificate.id}`),
    () => send('PUT', `/rate-limits/${limit.id}`, { name: 'Wider', windows }),
    () => send('DELETE', `/rate-limits/${limit.id}`),
    () => send('PUT', `/oauth-apps/${app.id}`, { clientSecret: 'the-next-secret-of-some-length' }),
    () => send('DELETE', `/oauth-apps/${app.id}`),
  ]) {
    expect(await hear(work)).toEqual([String(organizationId)])
  }
})

test('of many instances that end together, the organization is told once', async () => {
  const { organizationId } = await world.addOrganization()
  const { pool } = world.context.db
  const { instanceId } = await connect(world, vendor)
  await pool.query(
    `insert into instances (organization_id, id, user_id, element_id, element_version, name, tags,
       configuration, authentication_type, settings, state)
     select $1, number, (select id from users where organization_id = $1), element_id,
       element_version, name, tags, configuration, authentication_type, settings, state
     from instances, generate_series(1, 101) number where id = $2`,
    [organizationId, instanceId],
  )
  const end = () => pool.query('delete from instances where organization_id = $1', [organizationId])
  expect(await hear(end)).toEqual([String(organizationId)])
})

test('tokens that were refreshed elsewhere take the place of those that the vendor refuses', async () => {
  const key = await connect(world, vendor)
  const { connections } = world.context
  const authorization = await authorizationOf(key.instanceId)
  const old = await connections.of(authorization)
  await accessFor(world.context, key, old.connection.tokens?.version)
  vendor.asked.splice(0)
  const renewed = await connections.renewed(old)
  expect([renewed.connection.tokens?.version, vendor.asked.length]).toEqual([2, 0])
  const sent = await countQueries(world, async () => {
    const next = await connections.of(authorization)
    expect(next.connection.tokens?.version).toBe(2)
    expect((await connections.renewed(old)).connection.tokens?.version).toBe(2)
  })
  expect(sent).toEqual([])
})

test('tokens are looked at again before they end, without a request in vain', async () => {
  vendor.lifeSeconds = 3600
  const key = await connect(world, vendor)
  const authorization = await authorizationOf(key.instanceId)
  const { connections } = world.context
  // Within twice the margin: the background may have begun.
  await endIn(world, key, 500)
  const { connection } = await connections.of(authorization)
  expect(connection.tokens?.version).toBe(1)
  await accessFor(world.context, key, 1)
  await expect
    .poll(async () => (await connections.of(authorization)).connection.tokens?.version, {
      timeout: 10_000,
    })
    .toBe(2)
})
