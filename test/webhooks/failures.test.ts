import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import {
  deliveriesOf,
  hasten,
  hastenUntil,
  provision,
  subscribe,
  untilDeliveries,
} from './scene.ts'

let world: World
let receiver: Receiver
let hanging: Receiver
const freed = Promise.withResolvers<void>()
beforeAll(async () => {
  receiver = await startReceiver()
  hanging = await startReceiver()
  hanging.answer = async () => {
    await freed.promise
    return { status: 200 }
  }
  const allow = [receiver, hanging].map(({ url }) => new URL(url).host)
  world = await startWorld({ jobs: true, allow })
})
afterAll(async () => {
  freed.resolve()
  await world[Symbol.asyncDispose]()
  await hanging[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
})

const query = async (text: string, values: unknown[] = []) =>
  (await world.context.db.pool.query(text, values)).rows

async function failOnce(path: string) {
  await until(async () => (await deliveriesOf(world, path))[0]?.attempts.length > 0)
  return deliveriesOf(world, path)
}

test('a receiver that hangs is given up, at most a few requests at once, and starves nobody', async () => {
  const stuck = await subscribe(world, `${hanging.url}/stuck`)
  const swift = await subscribe(world, `${receiver.url}/swift`)
  await Promise.all(Array.from({ length: 12 }, () => provision(world)))
  const swiftly = await untilDeliveries(world, swift.path, 'delivered', 12)
  expect(swiftly).toHaveLength(12)
  // All of them before the first one there has come to its end.
  expect(
    (await deliveriesOf(world, stuck.path)).flatMap(({ attempts }: never) => attempts),
  ).toEqual([])
  expect(hanging.received.length).toBeGreaterThan(0)
  expect(hanging.received.length).toBeLessThanOrEqual(4)
  await until(async () => (await webhook(stuck.path)).failingSince !== null)
  await until(async () =>
    (await deliveriesOf(world, stuck.path)).some(
      ({ attempts }: { attempts: unknown[] }) => attempts.length > 0,
    ),
  )
  const tried = (await deliveriesOf(world, stuck.path)).filter(
    ({ attempts }: { attempts: unknown[] }) => attempts.length > 0,
  )
  expect(tried[0].attempts[0]).toMatchObject({ status: null, failure: { kind: 'late' } })
  await call(world, 'DELETE', stuck.path)
  await call(world, 'DELETE', swift.path)
}, 60_000)

const webhook = async (path: string) => (await call(world, 'GET', path)).body

test('what keeps failing is tried with one event alone, after a pause', async () => {
  const hook = await subscribe(world, `${receiver.url}/pause`)
  receiver.answer = () => ({ status: 500 })
  const sent = () => receiver.received.filter(({ path }) => path === '/pause').length
  await Promise.all(Array.from({ length: 10 }, () => provision(world)))
  await until(async () => {
    const [{ paused }] = await query(
      'select paused_until > now() as paused from webhooks where id = $1',
      [hook.id],
    )
    return paused
  })
  await untilIdle(hook.id)
  expect(sent()).toBeLessThan(10)
  const before = sent()
  await hasten(world, hook.id)
  await until(() => sent() > before)
  await untilIdle(hook.id)
  expect(sent()).toBe(before + 1)
  receiver.answer = () => ({ status: 200 })
  await hastenUntil(
    world,
    hook.id,
    async () => (await deliveriesOf(world, hook.path, '?state=delivered')).length === 10,
  )
  expect(await webhook(hook.path)).toMatchObject({ failingSince: null, active: true })
  await call(world, 'DELETE', hook.path)
}, 60_000)

/** Once no job of it is under way. */
async function untilIdle(id: number) {
  await until(async () => {
    const active = await query(
      `select from jobs.job where name = 'deliver-events' and state = 'active'
       and data ->> 'webhookId' = $1`,
      [String(id)],
    )
    return active.length === 0
  })
}

test('a receiver that says it is gone gets nothing more, and what waits when it is back', async () => {
  const hook = await subscribe(world, `${receiver.url}/gone`)
  receiver.answer = () => ({ status: 410 })
  await provision(world)
  await until(async () => !(await webhook(hook.path)).active)
  expect((await webhook(hook.path)).inactiveReason).toContain('410')
  const { id } = await provision(world)
  receiver.answer = () => ({ status: 200 })
  const { body } = await call(world, 'PATCH', hook.path, { body: { active: true } })
  expect(body).toMatchObject({ active: true, inactiveReason: null, failingSince: null })
  const isDelivered = async () =>
    (await deliveriesOf(world, hook.path, '?state=delivered')).length > 0
  await hastenUntil(world, hook.id, isDelivered)
  const delivered = await deliveriesOf(world, hook.path)
  // What happened meanwhile was not for it.
  expect(delivered[0].instanceId).not.toBe(id)
  expect(delivered).toHaveLength(1)
  await call(world, 'DELETE', hook.path)
})

test('after days of failures the next dead event stops the webhook, with the reason', async () => {
  const hook = await subscribe(world, `${receiver.url}/stopped`)
  receiver.answer = () => ({ status: 500 })
  await provision(world)
  await failOnce(hook.path)
  await query(`update webhooks set failing_since = now() - interval '6 days' where id = $1`, [
    hook.id,
  ])
  await hastenUntil(
    world,
    hook.id,
    async () => (await deliveriesOf(world, hook.path))[0].attempts.length > 1,
  )
  expect(await webhook(hook.path)).toMatchObject({ active: true })
  await query(
    `update webhook_deliveries set queued_at = now() - interval '5 days' where webhook_id = $1`,
    [hook.id],
  )
  await hastenUntil(
    world,
    hook.id,
    async () => (await deliveriesOf(world, hook.path, '?state=dead')).length > 0,
  )
  expect(await webhook(hook.path)).toMatchObject({
    active: false,
    inactiveReason: 'No event could be delivered for 5 days.',
  })
  await call(world, 'DELETE', hook.path)
})

test('a receiver may ask us to wait', async () => {
  const hook = await subscribe(world, `${receiver.url}/later`)
  receiver.answer = () => ({ status: 429, headers: { 'retry-after': '7200' } })
  await provision(world)
  await failOnce(hook.path)
  const [{ wait }] = await query(
    `select extract(epoch from next_at - now())::float8 as wait from webhook_lanes
     where webhook_id = $1`,
    [hook.id],
  )
  expect(wait).toBeGreaterThan(7000)
  await call(world, 'DELETE', hook.path)
})

test('every delivery judges the address anew: one that leads inward by now is not called', async () => {
  let address = '93.184.216.34'
  await using elsewhere = await startWorld({
    jobs: true,
    egress: { resolve: async () => [{ address, family: 4 }] },
  })
  const hook = await subscribe(elsewhere, 'https://hooks.example.com/')
  address = '10.0.0.1'
  await provision(elsewhere)
  await until(async () => (await deliveriesOf(elsewhere, hook.path))[0]?.attempts.length > 0)
  const [delivery] = await deliveriesOf(elsewhere, hook.path)
  expect(delivery).toMatchObject({
    state: 'waiting',
    attempts: [{ status: null, failure: { kind: 'forbidden' }, answer: null }],
  })
})
