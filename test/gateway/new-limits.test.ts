import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCable } from '../support/cable.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import type { World } from '../support/world.ts'
import { countQueries, startFirst, startReplica } from './replicas.ts'
import { instanceOf, through } from './through.ts'
import { type GatewayVendor, startGatewayVendor } from './types-vendor.ts'

let vendor: GatewayVendor
let first: World
let second: World
beforeAll(async () => {
  vendor = await startGatewayVendor()
  first = await startFirst()
  second = await startReplica(first)
})
afterAll(async () => {
  for (const one of [second, first, vendor]) await one[Symbol.asyncDispose]()
})

const hourly = (amount: number) => ({ rateLimits: [{ amount, unit: 'hour' }] })

test.each([
  ['more', hourly(3), '"latchkey-hour";q=3;w=3600'],
  ['another time', { rateLimits: [{ amount: 3, unit: 'day' }] }, '"latchkey-day";q=3;w=86400'],
  ['nothing', { rateLimits: null }, undefined],
])(
  'a limit that becomes %s lets calls start that wait in another process',
  async (_, settings, policy) => {
    const configuration = { server: vendor.url, user: 'u', secret: 's' }
    const instance = await instanceOf(first, 'open', configuration, hourly(1))
    expect((await through(second, instance, 'GET', '/x')).code).toBe(undefined)
    const waiting = through(second, instance, 'GET', '/x')
    await until(() => second.context.limiter.waitingOf(first.organizationId, instance.id) === 1)
    const changed = await call(first, 'PATCH', `/instances/${instance.id}`, { body: { settings } })
    expect(changed.status).toBe(200)
    const { code, headers } = await waiting
    expect([code, headers['ratelimit-policy']]).toEqual([undefined, policy])
  },
)

test('a window that comes back counts each call once that was sent before it went', async () => {
  const configuration = { server: vendor.url, user: 'u', secret: 's' }
  const instance = await instanceOf(first, 'open', configuration, hourly(10))
  const send = () => through(first, instance, 'GET', '/x')
  expect((await send()).code).toBe(undefined)
  for (const unit of ['day', 'hour', 'day', 'hour']) {
    const body = { settings: { rateLimits: [{ amount: 10, unit }] } }
    expect((await call(first, 'PATCH', `/instances/${instance.id}`, { body })).status).toBe(200)
    expect((await send()).code).toBe(undefined)
  }
  const { body } = await call(first, 'GET', `/instances/${instance.id}/limits`)
  expect(body.rateLimit.windows).toMatchObject([{ amount: 10, used: 5 }])
})

test('changes that follow one another faster than they are read are read together', async () => {
  const configuration = { server: vendor.url, user: 'u', secret: 's' }
  const instance = await instanceOf(first, 'open', configuration, hourly(1))
  expect((await through(second, instance, 'GET', '/x')).code).toBe(undefined)
  const waiting = through(second, instance, 'GET', '/x')
  await until(() => second.context.limiter.waitingOf(first.organizationId, instance.id) === 1)
  const change = async (settings: object) =>
    call(first, 'PATCH', `/instances/${instance.id}`, { body: { settings } })
  const { pool } = second.context.db
  const busy = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()))
  const asked = await countQueries(second, async () => {
    for (let times = 0; times < 4; times += 1) {
      const unit = times % 2 === 0 ? 'day' : 'hour'
      expect((await change({ rateLimits: [{ amount: 1, unit }] })).status).toBe(200)
    }
    for (const client of busy) client.release()
    expect((await change(hourly(3))).status).toBe(200)
    expect((await waiting).code).toBe(undefined)
  })
  expect(asked.filter((query) => query.includes('find-stored-instance')).length).toBeLessThan(4)
})

test('a process that could not hear of the change then has its calls go on as well', async () => {
  await using cable = await startCable(first.databaseUrl)
  await using third = await startReplica(first, cable.url)
  const configuration = { server: vendor.url, user: 'u', secret: 's' }
  const instance = await instanceOf(first, 'open', configuration, hourly(1))
  expect((await through(third, instance, 'GET', '/x')).code).toBe(undefined)
  const waiting = through(third, instance, 'GET', '/x')
  await until(() => third.context.limiter.waitingOf(first.organizationId, instance.id) === 1)
  cable.cut()
  const settings = { rateLimits: [{ amount: 3, unit: 'day' }] }
  const changed = await call(first, 'PATCH', `/instances/${instance.id}`, { body: { settings } })
  expect(changed.status).toBe(200)
  cable.mend()
  const { code, headers } = await waiting
  expect([code, headers['ratelimit-policy']]).toEqual([undefined, '"latchkey-day";q=3;w=86400'])
})
