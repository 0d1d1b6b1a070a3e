import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { type Service, startService } from '../support/service.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { prove, type Receiver, startReceiver } from './receiver.ts'
import { deliveriesOf, provision, subscribe } from './scene.ts'

let world: World
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  // It writes events; what delivers them are other processes.
  world = await startWorld({ allow: [new URL(receiver.url).host] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
})

/** A process on the world's database, keys and vendor. */
function startReplica(): Promise<Service> {
  return startService({
    DATABASE_URL: world.databaseUrl,
    LATCHKEY_KEYS: world.keys,
    LATCHKEY_EGRESS_ALLOW: `127.0.0.1:${world.sandbox.port},${new URL(receiver.url).host}`,
  })
}

test('a process that is killed while it delivers loses no event, and no order', async () => {
  const hook = await subscribe(world, receiver.url)
  const freed = Promise.withResolvers<void>()
  let answered = 0
  receiver.answer = async () => {
    answered += 1
    // Some are through, and then several hang in the middle.
    if (answered > 6) await freed.promise
    return { status: 200 }
  }
  const instances = await Promise.all(Array.from({ length: 8 }, () => provision(world)))
  for (const { id } of instances) await call(world, 'DELETE', `/instances/${id}`)

  const doomed = await startReplica()
  await until(() => answered >= 10)
  await doomed.stop('SIGKILL')
  const begun = receiver.received.slice(6).map((one) => prove(one, hook.secret).id)
  freed.resolve()
  receiver.received.length = 6

  await using _heir = await startReplica()
  await until(async () => (await deliveriesOf(world, hook.path, '?state=delivered')).length === 16)
  const messages = receiver.received.map((one) => prove(one, hook.secret))
  const again = messages.slice(6).map(({ id }) => id)
  expect(begun.length).toBeGreaterThan(0)
  for (const id of begun) expect(again).toContain(id)
  for (const { id } of instances) {
    const types = messages
      .filter(({ event }) => event.data.instanceId === id)
      .map(({ event }) => event.type)
    expect([...new Set(types)]).toEqual(['instance.created', 'instance.deleted'])
    expect(types.lastIndexOf('instance.created')).toBeLessThan(types.indexOf('instance.deleted'))
  }
})

test('several processes deliver each event once, while none of them dies', async () => {
  receiver.received.length = 0
  receiver.answer = () => ({ status: 204 })
  const hook = await subscribe(world, `${receiver.url}/shared`)
  await using _one = await startReplica()
  await using _two = await startReplica()
  const instances = await Promise.all(Array.from({ length: 30 }, () => provision(world)))
  for (const { id } of instances) await call(world, 'DELETE', `/instances/${id}`)
  await until(async () => (await deliveriesOf(world, hook.path, '?state=delivered')).length === 60)
  const ids = receiver.received
    .filter(({ path }) => path === '/shared')
    .map((request) => prove(request, hook.secret).id)
  expect(new Set(ids).size).toBe(60)
  expect(ids).toHaveLength(60)
})
