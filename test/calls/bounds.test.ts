import { afterAll, beforeAll, expect, test } from 'vitest'
import { sweepForgotten } from '../../src/calls/sweep.ts'
import { password } from '../gateway/scene.ts'
import { instanceOf, through } from '../gateway/through.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { prove } from '../webhooks/receiver.ts'
import { subscribe } from '../webhooks/scene.ts'
import { definitions } from './elements.ts'
import { later, look, secretsOf, whenHastened, whenIn } from './scene.ts'

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

const connect = (settings: object = {}, to = world) =>
  instanceOf(to, 'plain', { server: vendor.url, user: 'someone', secret: password }, settings)
const received = (path: string) => vendor.received.filter((one) => one.path === path)
const daily = { rateLimits: [{ amount: 1, unit: 'day' }] }
const query = (text: string, values: unknown[] = []) => world.context.db.pool.query(text, values)

/** As if so many waited, far ahead of their time. */
const fill = (to: World, instanceId: number, count: number, size: number) =>
  query(
    `insert into calls (organization_id, id, instance_id, user_id, method, size, next_at)
     select $1, nextval('calls_id_seq'), $2 + n % 5, $3, 'GET', $5, now() + interval '1 day'
     from generate_series(1, $4) n`,
    [to.organizationId, 2_000_000_000 + instanceId, to.userId, count, size],
  )

test('an organization cannot fill the disk through many instances, and another is not held up', async () => {
  const full: World = { ...world, ...(await world.addOrganization()) }
  const instance = await connect({}, full)
  const headers = { prefer: 'respond-async' }
  await fill(full, instance.id, 1024, 1024 * 1024)
  const body = 'x'
  const bytes = await through(full, instance, 'POST', '/', { headers, body })
  expect([bytes.status, bytes.code]).toEqual([429, 'calls-too-many'])
  expect(JSON.parse(bytes.text).message).toMatch(/of this organization .*GET \/calls/)
  expect(bytes.headers['retry-after']).toBe('60')
  await query('delete from calls where organization_id = $1', [full.organizationId])
  await fill(full, instance.id, 40_000, 0)
  const count = await through(full, instance, 'GET', '/', { headers })
  expect([count.status, count.code]).toEqual([429, 'calls-too-many'])
  const { kept } = await later(world, await connect(), 'POST', '/other')
  await whenIn(world, kept.id, 'done')
  await query('delete from calls where organization_id = $1', [full.organizationId])
  const again = await later(full, instance, 'POST', '/again', { body })
  await whenIn(full, again.kept.id, 'done')
})

test('what could not be sent for a week fails, says so to webhooks, and gives its space back', async () => {
  const hook = await subscribe(world, `${vendor.url}/hook`, { events: ['call.failed'] })
  const instance = await connect(daily)
  await through(world, instance, 'GET', '/first')
  const { kept } = await later(world, instance, 'POST', '/old', { body: 'x' })
  const young = await later(world, instance, 'POST', '/young')
  await query(`update calls set created_at = created_at - interval '7 days' where id = $1`, [
    kept.id,
  ])
  const failed = await whenHastened(world, kept.id, 'failed')
  expect(failed).toMatchObject({ attempts: 0, error: { code: 'call-too-old' } })
  expect(await secretsOf(world, kept.id)).toEqual([])
  await until(() => received('/hook').length === 1)
  expect(prove(received('/hook')[0]!, hook.secret).event).toMatchObject({
    type: 'call.failed',
    data: { call: { id: kept.id, code: 'call-too-old' } },
  })
  expect((await whenIn(world, young.kept.id, 'waiting')).state).toBe('waiting')
  expect(received('/old')).toEqual([])
  await call(world, 'DELETE', hook.path)
})

test('what nobody looks at any more is found by the sweep, and sent', async () => {
  const instance = await connect(daily)
  await through(world, instance, 'GET', '/first')
  const { kept } = await later(world, instance, 'POST', '/forgotten')
  await until(async () => (await look(world, kept.id)).notBefore !== undefined)
  const jobs = `from jobs.job where name = 'send-later' and data->>'instanceId' = $1`
  await until(async () => {
    await query(`delete ${jobs} and state < 'active'`, [instance.id])
    return (
      await query(`select ${jobs}`.replace('select', 'select state'), [instance.id])
    ).rows.every(({ state }) => state === 'completed')
  })
  await call(world, 'PATCH', `/instances/${instance.id}`, {
    body: { settings: { rateLimits: [] } },
  })
  // One that is due only now is left to whoever has planned it.
  await query('update calls set next_at = now() where id = $1', [kept.id])
  await sweepForgotten(world.context)
  expect((await query(`select ${jobs} and state < 'active'`, [instance.id])).rows).toEqual([])
  await query(`update calls set next_at = now() - interval '3 minutes' where id = $1`, [kept.id])
  await query("update jobs.job set start_after = now() where name = 'sweep-later'")
  await whenIn(world, kept.id, 'done')
  expect(received('/forgotten')).toHaveLength(1)
})

test('where there is no memory for its answer, a call waits, and is sent when there is', async () => {
  const { bodyRoom } = world.context
  const half = 64 * 1024 * 1024
  const instance = await connect()
  bodyRoom.take(world.organizationId, half)
  try {
    const { kept } = await later(world, instance, 'POST', '/roomy')
    await until(async () => (await look(world, kept.id)).notBefore !== undefined)
    expect(await look(world, kept.id)).toMatchObject({ state: 'waiting', attempts: 0 })
    expect(received('/roomy')).toEqual([])
    bodyRoom.free(world.organizationId, half)
    await whenHastened(world, kept.id, 'done')
  } finally {
    if (bodyRoom.taken >= half) bodyRoom.free(world.organizationId, half)
  }
  expect(received('/roomy')).toHaveLength(1)
  await until(() => bodyRoom.taken === 0)
})
