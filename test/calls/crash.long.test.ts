import { afterAll, beforeAll, expect, test } from 'vitest'
import { password } from '../gateway/scene.ts'
import { instanceOf } from '../gateway/through.ts'
import { type Service, startService } from '../support/service.ts'
import { until } from '../support/until.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions } from './elements.ts'
import { later, look, whenIn } from './scene.ts'

let world: World
let vendor: WebServer
let answer: (request: Received) => Reply | Promise<Reply>

beforeAll(async () => {
  vendor = await startWebServer((request) => answer(request))
  // It takes the calls; what sends them are other processes.
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

/** A process on the world's database and keys. */
function startReplica(): Promise<Service> {
  return startService({
    DATABASE_URL: world.databaseUrl,
    LATCHKEY_KEYS: world.keys,
    LATCHKEY_EGRESS_ALLOW: '127.0.0.1',
  })
}

test('a process that is killed while it sends loses no call: another sends it once more, and knows it again', async () => {
  const freed = Promise.withResolvers<void>()
  answer = async ({ path }) => {
    if (path === '/held') await freed.promise
    return { status: 200, body: {} }
  }
  const configuration = { server: vendor.url, user: 'someone', secret: password }
  const settings = { rateLimits: [{ amount: 1, unit: 'second' }] }
  const instance = await instanceOf(world, 'repeating', configuration, settings)
  const kept: number[] = []
  for (const path of ['/held', '/after/1', '/after/2']) {
    kept.push((await later(world, instance, 'POST', path, { body: 'x' })).kept.id)
  }
  const [held, ...behind] = kept

  const doomed = await startReplica()
  await until(() => vendor.received.some(({ path }) => path === '/held'))
  expect((await look(world, held!)).state).toBe('sending')
  await doomed.stop('SIGKILL')
  freed.resolve()

  await using _heir = await startReplica()
  // What the dead process held is its own until its lease has run out.
  await until(async () => (await look(world, held!)).state === 'done')
  for (const id of behind) await whenIn(world, id, 'done')
  const keysOf = (path: string) =>
    vendor.received
      .filter((one) => one.path === path)
      .map(({ headers }) => headers['idempotency-key'])
  const keys = keysOf('/held')
  expect(keys).toHaveLength(2)
  expect(new Set(keys).size).toBe(1)
  for (const id of behind) expect((await look(world, id)).answer.status).toBe(200)
})
