import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { purge } from '../../src/retention/purge.ts'
import { password } from '../gateway/scene.ts'
import { instanceOf, through } from '../gateway/through.ts'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { until } from '../support/until.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { prove } from '../webhooks/receiver.ts'
import { subscribe } from '../webhooks/scene.ts'
import { definitions } from './elements.ts'
import { hasten, later, look, secretsOf, whenIn } from './scene.ts'

let world: World
let vendor: WebServer
const answer = ({ path }: Received): Reply =>
  path === '/cut' ? { headers: { 'content-length': '1000' }, body: 'cut' } : { body: {} }

beforeAll(async () => {
  vendor = await startWebServer(answer)
  world = await startWorld({ jobs: true, definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const connect = (settings: object = {}, as: Pick<World, 'authorization'> = world) => {
  const configuration = { server: vendor.url, user: 'someone', secret: password }
  return instanceOf({ ...world, ...as }, 'plain', configuration, settings)
}
const received = (path: string) => vendor.received.filter((one) => one.path === path)

test('a webhook tells what has become of a call, and nothing of what it said', async () => {
  const events = ['call.done', 'call.failed']
  const hook = await subscribe(world, `${vendor.url}/hook`, { events })
  const instance = await connect()
  const done = await later(world, instance, 'POST', '/fine?key=hidden', { body: 'hidden' })
  await until(() => received('/hook').length === 1)
  const failed = await later(world, instance, 'POST', '/cut', { body: 'hidden' })
  await until(() => received('/hook').length === 2)
  const told = received('/hook').map((one) => prove(one, hook.secret).event)
  const about = { method: 'POST' }
  expect(told).toMatchObject([
    {
      type: 'call.done',
      data: {
        instanceId: instance.id,
        userId: world.userId,
        call: { ...about, id: done.kept.id, state: 'done', status: 200, code: null },
      },
    },
    {
      type: 'call.failed',
      data: {
        call: { ...about, id: failed.kept.id, state: 'failed', code: 'vendor-unreachable' },
      },
    },
  ])
  expect(JSON.stringify(told)).not.toContain('hidden')
  await call(world, 'DELETE', hook.path)
})

test('what waits is sealed, with its path and its headers', async () => {
  const instance = await connect({ rateLimits: [{ amount: 1, unit: 'day' }] })
  await through(world, instance, 'GET', '/first')
  const { kept } = await later(world, instance, 'POST', '/plain-path', { body: 'plain-body' })
  const { rows } = await world.context.db.pool.query(
    `select c::text as row from calls c where id = $1
     union all select s::text from secrets s where owner = 'call/' || $1
     union all select j::text from jobs.job j where name = 'send-later'`,
    [kept.id],
  )
  const text = rows.map(({ row }) => row).join()
  expect(await secretsOf(world, kept.id)).toEqual(['request'])
  for (const plain of ['plain-path', 'plain-body', password]) expect(text).not.toContain(plain)
})

test('after a day it is gone, with its answer', async () => {
  const instance = await connect()
  const { kept } = await later(world, instance, 'GET', '/kept')
  const done = await whenIn(world, kept.id, 'done')
  const keptFor = Date.parse(done.expiresAt) - Date.parse(done.finishedAt)
  expect(keptFor).toBe(24 * 60 * 60 * 1000)
  await world.context.db.pool.query(
    `update calls set expires_at = expires_at - interval '24 hours 1 second' where id = $1`,
    [kept.id],
  )
  expect(await look(world, kept.id)).toMatchObject({ code: 'call-not-found' })
  const { purged } = await purge(world.context.db, world.organizationId)
  expect(purged.calls).toBe(1)
  expect(await secretsOf(world, kept.id)).toEqual([])
})

describe('what waits', () => {
  const daily = { rateLimits: [{ amount: 1, unit: 'day' }] }

  test('passes to nobody where its instance does, and is not sent', async () => {
    const colleague = await addColleague(world)
    const instance = await connect(daily, colleague)
    await through(world, instance, 'GET', '/first')
    const { kept } = await later(world, instance, 'POST', '/theirs', { body: 'x' })
    expect(await look(world, kept.id)).toMatchObject({ code: 'call-not-found' })
    const path = `/users/${colleague.userId}?reassignTo=${world.userId}`
    expect((await call(world, 'DELETE', path)).status).toBe(200)
    await until(async () => (await secretsOf(world, kept.id)).length === 0)
    await until(async () => (await call(world, 'GET', `/instances/${instance.id}`)).status === 200)
    await call(world, 'PATCH', `/instances/${instance.id}`, {
      body: { settings: { rateLimits: [] } },
    })
    await hasten(world)
    expect(await look(world, kept.id)).toMatchObject({ code: 'call-not-found' })
    // What is sent after it shows that nothing of it was to be sent.
    const fresh = await connect()
    await whenIn(world, (await later(world, fresh, 'GET', '/after')).kept.id, 'done')
    expect(received('/theirs')).toEqual([])
  })

  test('is listed to its user alone, by instance and by state, in pages', async () => {
    const instance = await connect(daily)
    await through(world, instance, 'GET', '/first')
    const ids: number[] = []
    for (let count = 0; count < 3; count++) {
      ids.unshift((await later(world, instance, 'GET', `/${count}`)).kept.id)
    }
    for (const id of ids) await whenIn(world, id, 'waiting')
    await call(world, 'DELETE', `/calls/${ids[1]}`)
    const list = async (query: string, authorization = world.authorization) => {
      const path = `/calls?instanceId=${instance.id}${query}`
      const { body, headers } = await call(world, 'GET', path, { authorization })
      const found = body.map(({ id }: { id: number }) => id)
      return { found, next: headers['elements-next-page-token'] }
    }
    expect((await list('')).found).toEqual(ids)
    expect((await list('&state=cancelled')).found).toEqual([ids[1]])
    expect((await list('&state=done')).found).toEqual([])
    const first = await list('&pageSize=2')
    expect(first.found).toEqual(ids.slice(0, 2))
    expect((await list(`&pageSize=2&nextPage=${first.next}`)).found).toEqual(ids.slice(2))
    const { authorization } = await addColleague(world)
    expect((await list('', authorization)).found).toEqual([])
  })
})
