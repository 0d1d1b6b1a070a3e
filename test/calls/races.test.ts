import { afterAll, beforeAll, expect, test } from 'vitest'
import { password } from '../gateway/scene.ts'
import { instanceOf, through } from '../gateway/through.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions } from './elements.ts'
import { later, look, secretsOf, whenIn } from './scene.ts'

let world: World
let vendor: WebServer

beforeAll(async () => {
  vendor = await startWebServer(() => ({ body: {} }))
  world = await startWorld({ jobs: true, definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const connect = (settings: object = {}) =>
  instanceOf(world, 'plain', { server: vendor.url, user: 'someone', secret: password }, settings)
const countOf = (path: string) => vendor.received.filter((one) => one.path === path).length

test('what is cancelled while others are taken is not sent, and what is not cancelled is, once', async () => {
  const instance = await connect()
  const kept: { id: number; path: string }[] = []
  for (let count = 0; count < 30; count++) {
    const path = `/race/${count}`
    kept.push({ path, id: (await later(world, instance, 'POST', path)).kept.id })
  }
  const told = await Promise.all(
    kept
      .toReversed()
      .map(async (one) => ({ ...one, ...(await call(world, 'DELETE', `/calls/${one.id}`)) })),
  )
  for (const { id, path, status, body } of told) {
    if (status === 200) expect([body.state, countOf(path)]).toEqual(['cancelled', 0])
    else expect([status, body.code]).toEqual([409, 'call-not-waiting'])
    const seen = await whenIn(world, id, 'done', 'cancelled')
    expect([path, seen.state, countOf(path)]).toEqual(
      status === 200 ? [path, 'cancelled', 0] : [path, 'done', 1],
    )
    expect(await secretsOf(world, id)).toEqual(status === 200 ? [] : ['answer'])
  }
})

test('two who cancel the same are not both told that they did, and the audit tells of one', async () => {
  const instance = await connect({ rateLimits: [{ amount: 1, unit: 'day' }] })
  await whenIn(world, (await later(world, instance, 'GET', '/first')).kept.id, 'done')
  const { kept } = await later(world, instance, 'POST', '/twice')
  const told = await Promise.all([1, 2, 3].map(() => call(world, 'DELETE', `/calls/${kept.id}`)))
  expect(told.map(({ status }) => status).toSorted()).toEqual([200, 409, 409])
  expect((await look(world, kept.id)).state).toBe('cancelled')
  const { rows } = await world.context.db.pool.query(
    `select from audit_entries where action = 'call.cancelled' and detail->>'callId' = $1`,
    [String(kept.id)],
  )
  expect(rows).toHaveLength(1)
  expect(countOf('/twice')).toBe(0)
})

test('what waits for its turn behind live calls is not sent once its instance is deleted', async () => {
  const limit = await call(world, 'POST', '/rate-limits', {
    body: { name: 'shared', windows: [{ amount: 1, unit: 'second' }] },
  })
  expect(limit.status).toBe(200)
  const settings = { rateLimitId: limit.body.id }
  const [busy, deleted] = [await connect(settings), await connect(settings)]
  // Its own queue is long: it waits behind those of its instance.
  const live = Array.from({ length: 8 }, () => through(world, deleted, 'GET', '/live'))
  const beside = Array.from({ length: 4 }, () => through(world, busy, 'GET', '/live'))
  await until(() => countOf('/live') > 0)
  const { kept } = await later(world, deleted, 'POST', '/deleted')
  await whenIn(world, kept.id, 'sending')
  expect((await call(world, 'DELETE', `/instances/${deleted.id}`)).status).toBe(200)
  expect((await look(world, kept.id)).state).toBe('cancelled')
  await Promise.all([...live, ...beside])
  expect(countOf('/deleted')).toBe(0)
  expect(await secretsOf(world, kept.id)).toEqual([])
})
