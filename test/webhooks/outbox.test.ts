import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { purge } from '../../src/retention/purge.ts'
import { call, helpDesk } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { deliveriesOf, provision, subscribe } from './scene.ts'

let world: World
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  // Without workers: what is written stays as it is.
  world = await startWorld({ allow: [new URL(receiver.url).host] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await receiver[Symbol.asyncDispose]()
})

async function counted() {
  const { rows } = await world.context.db.pool.query(`
    select (select count(*) from webhook_deliveries) as deliveries,
      (select count(*) from webhook_lanes) as lanes,
      (select count(*) from jobs.job where name = 'deliver-events') as jobs`)
  return rows[0]
}

test('where nobody subscribes nothing is written, and provisioning sends the same statements', async () => {
  const fresh = { ...world, ...(await world.addOrganization()) }
  // Twice: the first one installs the element, the next one reads that.
  await provision(world, {}, fresh)
  await provision(world, {}, fresh)
  const before = await counted()
  const silent = await statementsOf(() => provision(world, {}, fresh))
  expect(await counted()).toEqual(before)
  const hook = await subscribe(fresh, receiver.url)
  const told = await statementsOf(() => provision(world, {}, fresh))
  expect(told).toEqual(silent)
  expect(await deliveriesOf(fresh, hook.path)).toHaveLength(1)
  await call(fresh, 'DELETE', hook.path)
})

async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const spy = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await work()
    return spy.mock.calls.map(([query]: unknown[]) =>
      typeof query === 'string' ? query : (query as { text: string }).text,
    )
  } finally {
    spy.mockRestore()
  }
}

test('an event is there when what it tells is, with a job, and only then', async () => {
  const fresh = { ...world, ...(await world.addOrganization()) }
  const hook = await subscribe(fresh, receiver.url)
  const before = await counted()
  const { id } = await provision(world, {}, fresh)
  expect(await counted()).toEqual({
    deliveries: before.deliveries + 1,
    lanes: before.lanes + 1,
    jobs: before.jobs + 1,
  })
  const client = await world.context.db.pool.connect()
  try {
    await client.query('begin')
    await client.query("update instances set state = 'failed' where id = $1", [id])
    const { rows } = await client.query(
      'select type from webhook_deliveries where instance_id = $1',
      [id],
    )
    expect(rows).toHaveLength(2)
  } finally {
    await client.query('rollback')
    client.release()
  }
  expect(await deliveriesOf(fresh, hook.path)).toMatchObject([
    { type: 'instance.created', state: 'waiting', attempts: [] },
  ])
  const wrong = helpDesk(world, { 'helpdesk.connectwise.password': 'wrong' })
  expect((await call(fresh, 'POST', '/instances', { body: wrong })).status).toBe(400)
  expect(await deliveriesOf(fresh, hook.path)).toHaveLength(1)
})

test('one that is not active is not told, nor is one of an organization that is erased', async () => {
  const fresh = { ...world, ...(await world.addOrganization()) }
  const hook = await subscribe(fresh, receiver.url)
  await call(fresh, 'PATCH', hook.path, { body: { active: false } })
  await provision(world, {}, fresh)
  expect(await deliveriesOf(fresh, hook.path)).toEqual([])
  await call(fresh, 'PATCH', hook.path, { body: { active: true } })
  const { id } = await provision(world, {}, fresh)
  const { pool } = world.context.db
  const key = [fresh.organizationId]
  await pool.query('update organizations set erasing_since = now() where organization_id = $1', key)
  await pool.query('delete from instances where organization_id = $1 and id = $2', [...key, id])
  const { rows } = await pool.query(
    'select type from webhook_deliveries where organization_id = $1',
    key,
  )
  expect(rows).toEqual([{ type: 'instance.created' }])
})

test('a webhook that is being deleted holds nobody up', async () => {
  const fresh = { ...world, ...(await world.addOrganization()) }
  const hook = await subscribe(fresh, receiver.url)
  const client = await world.context.db.pool.connect()
  try {
    await client.query('begin')
    await client.query('delete from webhooks where id = $1', [hook.id])
    await provision(world, {}, fresh)
    await client.query('commit')
  } finally {
    client.release()
  }
  expect((await call(fresh, 'GET', hook.path)).status).toBe(404)
})

test('deleting a webhook ends all that waits for it', async () => {
  const fresh = { ...world, ...(await world.addOrganization()) }
  const hook = await subscribe(fresh, receiver.url)
  await provision(world, {}, fresh)
  expect((await call(fresh, 'DELETE', hook.path)).status).toBe(200)
  const { rows } = await world.context.db.pool.query(
    `select from webhook_deliveries where webhook_id = $1
     union all select from webhook_lanes where webhook_id = $1`,
    [hook.id],
  )
  expect(rows).toEqual([])
})

test('what was sent is kept for as long as the organization says', async () => {
  const fresh = { ...world, ...(await world.addOrganization()) }
  const hook = await subscribe(fresh, receiver.url)
  for (const days of [6, 9, 31]) {
    const { id } = await provision(world, {}, fresh)
    await world.context.db.pool.query(
      'update webhook_deliveries set created_at = now() - make_interval(days => $2) where instance_id = $1',
      [id, days],
    )
  }
  const { purged } = await purge(world.context.db, fresh.organizationId)
  expect(purged.webhookDeliveries).toBe(1)
  await call(fresh, 'PUT', '/organization/retention', { body: { webhookDeliveries: 7 } })
  await purge(world.context.db, fresh.organizationId)
  expect(await deliveriesOf(fresh, hook.path)).toHaveLength(1)
})
