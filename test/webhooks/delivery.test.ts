import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { hmac, prove, type Receiver, startReceiver } from './receiver.ts'
import { deliveriesOf, hastenUntil, provision, subscribe, untilDeliveries } from './scene.ts'

let world: World
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  world = await startWorld({ jobs: true, allow: [new URL(receiver.url).host] })
})
beforeEach(() => {
  receiver.answer = () => ({ status: 204 })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
})

const receivedAt = (path: string) => receiver.received.filter((one) => one.path === path)

test('whoever subscribes is told of what happens to instances, signed, with nothing secret', async () => {
  const hook = await subscribe(world, `${receiver.url}/told`)
  const more = { name: 'Told', externalId: 'customer-1' }
  const instance = await provision(world, more)
  await call(world, 'DELETE', `/instances/${instance.id}`)
  await until(() => receivedAt('/told').length >= 2)
  const messages = receivedAt('/told').map((one) => prove(one, hook.secret))
  expect(messages.map(({ event }) => event.type)).toEqual(['instance.created', 'instance.deleted'])
  expect(messages[0]!.event).toEqual({
    type: 'instance.created',
    timestamp: instance.createdDate,
    data: {
      instanceId: instance.id,
      elementKey: 'connectwisehd',
      name: 'Told',
      externalId: 'customer-1',
      tags: ['help desk'],
      userId: world.userId,
      state: 'verified',
      stateReason: null,
    },
  })
  const [first] = receivedAt('/told')
  expect(first!.headers).toMatchObject({
    'content-type': 'application/json',
    'elements-webhook-id': messages[0]!.id,
    'elements-webhook-signature': `sha256=${hmac(hook.secret, first!.body)}`,
  })
  const delivered = await untilDeliveries(world, hook.path, 'delivered', 2)
  expect(delivered).toMatchObject([
    { messageId: messages[0]!.id, attempts: [{ number: 1, status: 204, failure: null }] },
    { messageId: messages[1]!.id, finishedDate: expect.any(String) },
  ])
  await call(world, 'DELETE', hook.path)
})

test('a state that changes is told, a test that changes nothing is not', async () => {
  const hook = await subscribe(world, `${receiver.url}/states`)
  const draft = await provision(world, { verify: false })
  await call(world, 'POST', `/instances/${draft.id}/verify`)
  await call(world, 'POST', `/instances/${draft.id}/verify`)
  const { pool } = world.context.db
  for (const state of ['expiring', 'failed', 'failed']) {
    await pool.query('update instances set state = $2, state_reason = $3 where id = $1', [
      draft.id,
      state,
      `It is ${state}.`,
    ])
  }
  await until(() => receivedAt('/states').length >= 4)
  await untilDeliveries(world, hook.path, 'delivered', 4)
  const events = receivedAt('/states').map((one) => prove(one, hook.secret).event)
  expect(events.map(({ type, data }) => [type, data.state, data.stateReason])).toEqual([
    ['instance.created', 'draft', expect.anything()],
    ['instance.verified', 'verified', null],
    ['instance.expiring', 'expiring', 'It is expiring.'],
    ['instance.failed', 'failed', 'It is failed.'],
  ])
  await call(world, 'DELETE', hook.path)
})

test('only what is subscribed to is sent, and only by the organization that it happened in', async () => {
  const hook = await subscribe(world, `${receiver.url}/deleted`, { events: ['instance.deleted'] })
  const stranger = { ...world, ...(await world.addOrganization()) }
  const all = await subscribe(stranger, `${receiver.url}/stranger`)
  const { id } = await provision(world)
  await call(world, 'DELETE', `/instances/${id}`)
  await untilDeliveries(world, hook.path, 'delivered', 1)
  expect(await deliveriesOf(world, hook.path)).toMatchObject([{ type: 'instance.deleted' }])
  expect(await deliveriesOf(stranger, all.path)).toEqual([])
  expect(receivedAt('/stranger')).toEqual([])
  expect((await call(world, 'GET', all.path)).status).toBe(404)
  await call(world, 'DELETE', hook.path)
})

test('the events of an instance wait for the one before, those of others do not', async () => {
  const hook = await subscribe(world, `${receiver.url}/order`)
  const refused: number[] = []
  receiver.answer = ({ body }) => {
    const { type, data } = JSON.parse(body)
    const isFirst = data.name === 'Waits' && type === 'instance.created' && refused.length === 0
    if (isFirst) refused.push(data.instanceId)
    return { status: isFirst ? 503 : 200 }
  }
  const waits = await provision(world, { name: 'Waits' })
  await untilAttempts(hook.path, 1)
  await call(world, 'DELETE', `/instances/${waits.id}`)
  const other = await provision(world, { name: 'Other' })
  await until(
    async () =>
      (await deliveriesOf(world, hook.path, `?instanceId=${other.id}`))[0]?.state === 'delivered',
  )
  const held = await deliveriesOf(world, hook.path, `?instanceId=${waits.id}`)
  expect(held).toMatchObject([
    { type: 'instance.created', state: 'waiting', attempts: [{ status: 503 }] },
    { type: 'instance.deleted', state: 'waiting', attempts: [] },
  ])
  await hastenUntil(world, hook.id, async () => (await countOf(hook.path, 'delivered')) === 3)
  const about = receivedAt('/order').map((one) => prove(one, hook.secret))
  const ofWaiting = about.filter(({ event }) => event.data.instanceId === waits.id)
  expect(ofWaiting.map(({ event }) => event.type)).toEqual([
    'instance.created',
    'instance.created',
    'instance.deleted',
  ])
  expect(ofWaiting[0]!.id).toBe(ofWaiting[1]!.id)
  await call(world, 'DELETE', hook.path)
})

async function untilAttempts(path: string, count: number) {
  await until(async () => {
    const [first] = await deliveriesOf(world, path)
    return first?.attempts.length >= count
  })
}

const countOf = async (path: string, state: string) =>
  (await deliveriesOf(world, path, `?state=${state}`)).length

test('what fails for three days is dead, frees what waits behind it, and can be sent again', async () => {
  const hook = await subscribe(world, `${receiver.url}/dead`)
  receiver.answer = ({ body }) =>
    JSON.parse(body).type === 'instance.created' ? { status: 500, body: 'no' } : { status: 200 }
  const { id } = await provision(world)
  await call(world, 'DELETE', `/instances/${id}`)
  await hastenUntil(world, hook.id, async () => (await countOf(hook.path, 'dead')) === 1)
  const [dead] = await untilDeliveries(world, hook.path, 'dead', 1)
  expect(dead.attempts).toHaveLength(10)
  expect(dead.finishedDate).not.toBeNull()
  expect(dead.attempts[9]).toMatchObject({
    status: 500,
    durationMs: expect.any(Number),
    failure: { kind: 'status', message: expect.stringContaining('500') },
    answer: 'no',
  })
  await hastenUntil(world, hook.id, async () => (await countOf(hook.path, 'delivered')) === 1)

  receiver.answer = () => ({ status: 200 })
  const again = await call(world, 'POST', `${hook.path}/deliveries/${dead.id}/redeliver`)
  expect(again.body).toMatchObject({ state: 'waiting', messageId: dead.messageId })
  const [, deleted] = await untilDeliveries(world, hook.path, 'delivered', 2)
  expect(deleted.attempts).toHaveLength(1)
  const ids = receivedAt('/dead').map((one) => prove(one, hook.secret).id)
  expect(ids.filter((one) => one === dead.messageId)).toHaveLength(11)
  await call(world, 'DELETE', hook.path)
}, 60_000)

test('all that is dead is sent again at once, in order', async () => {
  const hook = await subscribe(world, `${receiver.url}/all`)
  receiver.answer = () => ({ status: 400 })
  const instances = [await provision(world), await provision(world)]
  const [first] = instances
  await call(world, 'DELETE', `/instances/${first.id}`)
  await world.context.db.pool.query(
    'update webhook_deliveries set tries = 9 where webhook_id = $1',
    [hook.id],
  )
  await hastenUntil(world, hook.id, async () => (await countOf(hook.path, 'dead')) === 3)
  receiver.answer = () => ({ status: 200 })
  const before = receivedAt('/all').length
  const redelivered = await call(world, 'POST', `${hook.path}/redeliver`)
  expect(redelivered.body).toEqual({ count: 3, more: false })
  await hastenUntil(world, hook.id, async () => (await countOf(hook.path, 'delivered')) === 3)
  const events = receivedAt('/all')
    .slice(before)
    .map((one) => prove(one, hook.secret).event)
    .filter(({ data }) => data.instanceId === first.id)
  expect(events.map(({ type }) => type)).toEqual(['instance.created', 'instance.deleted'])
  expect((await call(world, 'POST', `${hook.path}/redeliver`)).body).toEqual({
    count: 0,
    more: false,
  })
  await call(world, 'DELETE', hook.path)
}, 60_000)
