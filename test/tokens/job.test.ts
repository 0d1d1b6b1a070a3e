import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { startTokenServer, type TokenServer } from '../support/token-server.ts'
import { until } from '../support/until.ts'
import type { Reply } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { type Connected, connect, definitions, jobsOf, lifeOf } from './instances.ts'

let world: World
let other: World
let vendor: TokenServer
let down: TokenServer

beforeAll(async () => {
  ;[vendor, down] = await Promise.all([startTokenServer(), startTokenServer()])
  const options = { definitions, allow: ['127.0.0.1'], jobs: true, probeDeadlineMs: 30_000 }
  world = await startWorld(options)
  other = await startWorld({ ...options, databaseUrl: world.databaseUrl, keys: world.keys })
})
afterEach(() => {
  Object.assign(vendor, { rotates: true, lifeSeconds: 3600, next: [] })
})
afterAll(async () => {
  down.next = []
  await other[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
  await down[Symbol.asyncDispose]()
})

/** Moves the clock for what waits: it is due. */
const comeDue = async (...keys: Connected[]) => {
  await world.context.db.pool.query(
    `update jobs.job set start_after = now() where state < 'active' and singleton_key = any($1)`,
    [keys.map(({ organizationId, instanceId }) => `${organizationId}/${instanceId}`)],
  )
}
const versionOf = async (key: Connected) => (await lifeOf(world, key)).version

test('tokens are refreshed ahead of their end, without any call, and again', async () => {
  const key = await connect(world, vendor)
  for (const version of [2, 3]) {
    await comeDue(key)
    await until(async () => (await versionOf(key)) === version)
  }
  expect(vendor.asked).toHaveLength(2)
  await until(async () => ((await jobsOf(world, key))[0]?.starts_in ?? 0) > 1000)
  const { refreshToken } = JSON.parse(await openSecret(world, key.instanceId, '$oauth'))
  expect([...vendor.usable]).toContain(refreshToken)
})

test('two services on one database refresh once', async () => {
  const keys = await Promise.all(Array.from({ length: 10 }, () => connect(world, vendor)))
  vendor.asked.splice(0)
  await comeDue(...keys)
  await until(async () =>
    (await Promise.all(keys.map(versionOf))).every((version) => version === 2),
  )
  expect(vendor.asked).toHaveLength(10)
})

test('a refresh that fails comes again after its pause', async () => {
  const key = await connect(world, vendor)
  vendor.next = [() => ({ status: 500 }), () => ({ body: '{' })]
  await comeDue(key)
  await until(async () => (await versionOf(key)) === 2)
  expect(vendor.asked).toHaveLength(3)
  expect(await lifeOf(world, key)).toMatchObject({ failures: 0, problem: null })
})

test('a refresh token that was refused is not sent again', async () => {
  const key = await connect(world, vendor)
  vendor.usable.clear()
  await comeDue(key)
  await until(async () => (await lifeOf(world, key)).problem === 'reconnect-required')
  await until(async () => (await jobsOf(world, key)).length === 0)
  expect(vendor.asked).toHaveLength(1)
})

test('an instance that is disabled is left alone', async () => {
  const key = await connect(world, vendor)
  await world.context.db.pool.query(
    'update instances set disabled = true where organization_id = $1 and id = $2',
    [key.organizationId, key.instanceId],
  )
  await comeDue(key)
  await until(async () => (await jobsOf(world, key)).length === 0)
  expect(await versionOf(key)).toBe(1)
  expect(vendor.asked).toHaveLength(0)
})

test('an instance that is enabled again has its tokens refreshed', async () => {
  const key = await connect(world, vendor)
  const path = `/instances/${key.instanceId}/enabled`
  expect((await call(world, 'DELETE', path)).status).toBe(200)
  expect((await call(world, 'PUT', path)).status).toBe(200)
  await until(async () => (await versionOf(key)) === 2)
  expect(vendor.asked).toHaveLength(1)
})

test('a job for tokens that are gone does nothing', async () => {
  const key = await connect(world, vendor)
  const job = { ...key, version: 7 }
  await world.context.jobs.send(world.context.db.pool, 'refresh-tokens', job, { key: 'old' })
  await until(async () => {
    const { rows } = await world.context.db.pool.query(
      "select from jobs.job where singleton_key = 'old' and state = 'completed'",
    )
    return rows.length === 1
  })
  expect(vendor.asked).toHaveLength(0)
})

test('a vendor that hangs holds no other up', async () => {
  const stuck = await Promise.all(Array.from({ length: 40 }, () => connect(world, down)))
  const key = await connect(world, vendor)
  const hanging: PromiseWithResolvers<Reply>[] = []
  down.next = Array.from({ length: 100 }, () => () => {
    const hung = Promise.withResolvers<Reply>()
    hanging.push(hung)
    return hung.promise
  })
  await comeDue(...stuck)
  await until(() => hanging.length >= 4)
  await comeDue(key)
  await until(async () => (await versionOf(key)) === 2)
  // Half of what each of the two services does at once.
  expect(hanging.length).toBeLessThanOrEqual(16)
  for (const { resolve } of hanging) resolve({ status: 503 })
  down.next = []
}, 30_000)
