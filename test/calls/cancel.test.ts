import { afterAll, beforeAll, expect, test } from 'vitest'
import { password } from '../gateway/scene.ts'
import { instanceOf, through } from '../gateway/through.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { type Received, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions } from './elements.ts'
import { later, look, secretsOf, whenIn } from './scene.ts'

/** It takes calls, and tries none of them. */
let world: World
/** On the same database; it tries them. */
let sender: World
let vendor: WebServer
let hold: Promise<void> | undefined

beforeAll(async () => {
  vendor = await startWebServer(async ({ path }: Received) => {
    if (path.startsWith('/held')) await hold
    return { body: {} }
  })
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
  const { keys, databaseUrl } = world
  sender = await startWorld({ jobs: true, definitions, allow: ['127.0.0.1'], keys, databaseUrl })
})
afterAll(async () => {
  await sender[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const connect = (settings: object = {}) =>
  instanceOf(world, 'plain', { server: vendor.url, user: 'someone', secret: password }, settings)
const countOf = (path: string) => vendor.received.filter((one) => one.path === path).length
const cancel = (id: number) => call(world, 'DELETE', `/calls/${id}`)

test('what another process tries while live calls keep the limit busy is cancelled at once', async () => {
  const instance = await connect({ rateLimits: [{ amount: 1, unit: 'second' }] })
  const live = Array.from({ length: 6 }, () => through(sender, instance, 'GET', '/live'))
  await until(() => countOf('/live') > 0)
  const { kept } = await later(world, instance, 'POST', '/tried', { body: 'x' })
  const behind = await later(world, instance, 'POST', '/behind')
  await whenIn(world, kept.id, 'sending')
  const { status, body } = await cancel(kept.id)
  expect([status, body.state]).toEqual([200, 'cancelled'])
  expect(await secretsOf(world, kept.id)).toEqual([])
  await Promise.all(live)
  // It came after, and its turn came.
  await whenIn(world, behind.kept.id, 'done')
  expect([countOf('/tried'), countOf('/behind')]).toEqual([0, 1])
  expect((await look(world, kept.id)).state).toBe('cancelled')
  expect(sender.context.bodyRoom.taken).toBe(0)
})

test('what waits for its turn while its instance is disabled is not sent, and says so', async () => {
  const rateLimits = [{ amount: 1, unit: 'second', every: 3 }]
  const instance = await connect({ rateLimits })
  expect((await through(sender, instance, 'GET', '/live')).status).toBe(200)
  const { kept } = await later(world, instance, 'POST', '/disabled', { body: 'x' })
  await whenIn(world, kept.id, 'sending')
  await call(world, 'DELETE', `/instances/${instance.id}/enabled`)
  const { error } = await whenIn(world, kept.id, 'done', 'failed')
  expect([error?.code, countOf('/disabled')]).toEqual(['instance-disabled', 0])
  expect(sender.context.bodyRoom.taken).toBe(0)
})

test('what the vendor has got is not called cancelled, and its answer is kept', async () => {
  const freed = Promise.withResolvers<void>()
  hold = freed.promise
  const instance = await connect()
  const { kept } = await later(world, instance, 'POST', '/held', { body: 'x' })
  await until(() => countOf('/held') === 1)
  const { status, body } = await cancel(kept.id)
  expect([status, body.code]).toEqual([409, 'call-not-waiting'])
  expect(body.message).toMatch(/on its way to the vendor, or may be/)
  freed.resolve()
  expect((await whenIn(world, kept.id, 'done', 'cancelled')).state).toBe('done')
  expect(countOf('/held')).toBe(1)
})

test('however closely it is cancelled, the vendor sees a call or its user hears that it is cancelled', async () => {
  const instance = await connect({ rateLimits: [{ amount: 20, unit: 'second' }] })
  const told: { id: number; path: string; status: number }[] = []
  for (let count = 0; count < 40; count++) {
    const path = `/close/${count}`
    const { id } = (await later(world, instance, 'POST', path)).kept
    if (count % 2) await until(async () => (await look(world, id)).state !== 'waiting')
    told.push({ id, path, status: (await cancel(id)).status })
  }
  for (const { id, path, status } of told) {
    const { state } = await whenIn(world, id, 'done', 'cancelled')
    expect([path, status, state, countOf(path)]).toEqual(
      status === 200 ? [path, 200, 'cancelled', 0] : [path, 409, 'done', 1],
    )
  }
})

test('whoever is to end waits no longer for the turn of a call, which stays', async () => {
  const { keys, databaseUrl } = world
  const instance = await connect({ rateLimits: [{ amount: 1, unit: 'second' }] })
  const live = Array.from({ length: 8 }, () => through(world, instance, 'GET', '/alive'))
  await until(() => countOf('/alive') > 0)
  await sender.context.jobs.stop(100)
  const options = { jobs: true, definitions, allow: ['127.0.0.1'], keys, databaseUrl }
  {
    await using ending = await startWorld(options)
    const { kept } = await later(world, instance, 'POST', '/stays', { body: 'x' })
    await whenIn(world, kept.id, 'sending')
    await ending.context.jobs.stop(60_000)
    expect(await look(world, kept.id)).toMatchObject({ state: 'waiting', attempts: 0 })
    expect(countOf('/alive')).toBeLessThan(8)
    expect((await cancel(kept.id)).status).toBe(200)
  }
  await Promise.all(live)
  expect(countOf('/stays')).toBe(0)
})
