import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { purge } from '../../src/retention/purge.ts'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { findTraces } from '../support/traces.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'
import { type GatewayVendor, startGatewayVendor } from './types-vendor.ts'

const secret = 'an-unguessable-password-93ab'
const login = { username: '{user}', password: '{secret}' }
const basic: object & { name: string } = { ...{ type: 'basic', ...login }, name: 'Logged' }
const inQuery: object & { name: string } = {
  ...{ type: 'apiKey', in: 'query', parameter: 'key', value: '{secret}' },
  name: 'Asking',
}

let world: World
let vendor: GatewayVendor

beforeAll(async () => {
  vendor = await startGatewayVendor()
  const definitions = [elementWith(9661, basic), elementWith(9662, inQuery)]
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
beforeEach(async () => {
  world = Object.assign(world, await world.addOrganization())
  vendor.answer = () => ({ body: 'ok' })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const connect = (element = 'logged') =>
  instanceOf(world, element, { server: vendor.url, user: 'someone', secret })
const tokenOf = ({ authorization }: { authorization: string }) =>
  authorization.split('Element ')[1]!
const logOf = (id: number) => `/instances/${id}/call-log`
const logged = async (id: number, count: number) => {
  const list = () => call(world, 'GET', logOf(id))
  await until(async () => (await list()).body.length >= count)
  return (await list()).body
}
const start = async (element?: string) => {
  const instance = await connect(element)
  const { status, body } = await call(world, 'PUT', logOf(instance.id), { body: { minutes: 5 } })
  expect([status, Date.parse(body.until) > Date.now()]).toEqual([200, true])
  return instance
}

test('nothing is kept of an instance whose log nobody has turned on', async () => {
  const silent = await connect()
  const instance = await start()
  for (const one of [silent, instance]) await through(world, one, 'GET', '/things')
  await logged(instance.id, 1)
  expect((await call(world, 'GET', logOf(silent.id))).body).toEqual([])
})

test('a call is kept with what was sent, what came back, and how long it took', async () => {
  const instance = await start()
  vendor.answer = () => ({
    status: 201,
    headers: { 'content-type': 'application/json', 'x-other': 'x', 'set-cookie': 'a=b' },
    body: '{"made":true}',
  })
  const answer = await through(world, instance, 'POST', '/things?of=mine', {
    headers: { 'content-type': 'application/json', 'x-unlisted': 'y' },
    body: Readable.from([Buffer.from('{"name":'), Buffer.from('"thing"}')]),
  })
  expect([answer.status, answer.text]).toEqual([201, '{"made":true}'])
  const [entry] = await logged(instance.id, 1)
  expect(entry).toMatchObject({
    requestId: answer.headers['elements-request-id'],
    userId: world.userId,
    method: 'POST',
    path: '/things?of=mine',
    status: 201,
    code: null,
    waitMs: 0,
    attempts: 1,
    request: {
      headers: { 'content-type': 'application/json' },
      body: '{"name":"thing"}',
      bodyBytes: 16,
    },
    response: { status: 201, body: '{"made":true}', bodyBytes: 13 },
  })
  expect(Object.keys(entry.request.headers)).toEqual(['content-type'])
  expect(Object.keys(entry.response.headers)).not.toContain('x-other')
  expect(Object.keys(entry.response.headers)).not.toContain('set-cookie')
})

test.each(['logged', 'asking'])('no secret is kept of %s, wherever it stands', async (element) => {
  const instance = await start(element)
  vendor.answer = ({ target, headers }) => ({
    headers: { 'content-encoding': 'gzip', location: `/x?key=${secret}`, server: secret },
    body: gzipSync(
      JSON.stringify({ target, headers, secret, hex: Buffer.from(secret).toString('hex') }),
    ),
  })
  const path = `/x?mine=${encodeURIComponent(secret)}`
  await through(world, instance, 'POST', path, { body: `said: ${secret}` })
  const kept = JSON.stringify(await logged(instance.id, 1))
  expect(kept).toContain('"hex\\":')
  const [user, organization] = world.authorization.split(', ').map((part) => part.split(' ')[1]!)
  const token = instance.authorization.split(' ').at(-1)!
  const { rows } = await world.context.db.pool.query(
    'select content::text from call_log_entries where instance_id = $1',
    [instance.id],
  )
  for (const text of [kept, rows[0].content]) {
    expect(findTraces(text, { secret, user: user!, organization: organization!, token })).toEqual(
      [],
    )
  }
})

test('what the service refused, and what is no text, is kept as such', async () => {
  const instance = await start()
  vendor.answer = () => ({ body: Buffer.from([0, 255, 254]) })
  await through(world, instance, 'GET', '/binary')
  const refused = await through(world, instance, 'GET', '/x', { headers: {} })
  expect(refused.status).toBe(200)
  await call(world, 'PATCH', `/instances/${instance.id}`, {
    body: { settings: { rateLimits: [{ amount: 1, unit: 'hour' }] } },
  })
  const wait = { headers: { 'elements-wait-timeout': '0.1' } }
  await through(world, instance, 'GET', '/first', wait)
  expect((await through(world, instance, 'GET', '/late', wait)).code).toBe('limit-wait-over')
  const entries = await logged(instance.id, 4)
  expect(entries.map(({ path }: { path: string }) => path)).toEqual([
    '/late',
    '/first',
    '/x',
    '/binary',
  ])
  expect(entries[0]).toMatchObject({ status: 429, code: 'limit-wait-over', response: null })
  expect(entries[0].waitMs).toBeGreaterThan(50)
  expect(entries[3].response).toMatchObject({ body: null, bodyBytes: 3 })
})

test('of long bodies 16 KiB are kept, and the pages go from the newest to the oldest', async () => {
  const instance = await start()
  vendor.answer = () => ({ body: 'b'.repeat(100_000) })
  for (const n of [1, 2, 3]) {
    const { text } = await through(world, instance, 'PUT', `/${n}`, { body: 'a'.repeat(200_000) })
    expect(text).toHaveLength(100_000)
    await world.context.callLog.flush()
  }
  const [newest] = await logged(instance.id, 3)
  expect([newest.request.body.length, newest.request.bodyBytes]).toEqual([16_384, 200_000])
  expect([newest.response.body.length, newest.response.bodyBytes]).toEqual([16_384, 100_000])
  const paths: string[] = []
  let page = '?pageSize=2'
  for (;;) {
    const { headers, body } = await call(world, 'GET', logOf(instance.id) + page)
    paths.push(...body.map(({ path }: { path: string }) => path))
    const next = headers['elements-next-page-token']
    if (!next) break
    page = `?pageSize=2&nextPage=${next}`
  }
  expect(paths).toEqual(['/3', '/2', '/1'])
})

test('of very many calls the latest thousand are kept', async () => {
  const instance = await start()
  await through(world, instance, 'GET', '/old')
  await logged(instance.id, 1)
  await world.context.db.pool.query(
    `insert into call_log_entries (organization_id, instance_id, size, content)
     select organization_id, instance_id, size, content from call_log_entries, generate_series(1, 1200)
     where instance_id = $1`,
    [instance.id],
  )
  await through(world, instance, 'GET', '/new')
  await world.context.callLog.flush()
  const [newest] = await logged(instance.id, 1)
  expect(newest.path).toBe('/new')
  const { rows } = await world.context.db.pool.query(
    'select count(*) from call_log_entries where instance_id = $1',
    [instance.id],
  )
  expect(rows).toEqual([{ count: 1000 }])
})

test('of very long calls as many are kept as have room in 10 MiB, the latest ones', async () => {
  const instance = await start()
  const beside = await start()
  await through(world, beside, 'GET', '/beside')
  vendor.answer = () => ({ body: 'b'.repeat(100_000) })
  await through(world, instance, 'PUT', '/old', { body: 'a'.repeat(100_000) })
  await logged(instance.id, 1)
  const { pool } = world.context.db
  await pool.query(
    `insert into call_log_entries (organization_id, instance_id, size, content)
     select organization_id, instance_id, size, content from call_log_entries, generate_series(1, 600)
     where instance_id = $1`,
    [instance.id],
  )
  const kept = async () => {
    const { rows } = await pool.query(
      `select id, octet_length(content::text) as bytes, size from call_log_entries
       where instance_id = $1 order by id desc`,
      [instance.id],
    )
    return rows as { id: number; bytes: number; size: number }[]
  }
  const before = await kept()
  await through(world, instance, 'PUT', '/new', { body: 'a'.repeat(100_000) })
  await until(async () => (await kept())[0]!.id > before[0]!.id)
  await world.context.callLog.flush()
  const [newest, ...others] = await kept()
  const total = [newest!, ...others].reduce((sum, { bytes }) => sum + bytes, 0)
  const most = 10 * 1024 * 1024
  expect(total).toBeLessThan(most * 1.01)
  expect(total).toBeGreaterThan(most - 2 * newest!.size)
  expect(others).toEqual(before.slice(0, others.length))
  expect((await call(world, 'GET', `${logOf(instance.id)}?pageSize=1`)).body[0].path).toBe('/new')
  expect(await logged(beside.id, 1)).toHaveLength(1)
})

describe('turned on and off', () => {
  test('it is told in the answer, by the audit, and by what is kept from then on', async () => {
    const instance = await start()
    const shown = async () => (await call(world, 'GET', `/instances/${instance.id}`)).body
    expect((await shown()).traceLoggingEnabled).toBe(true)
    await through(world, instance, 'GET', '/before')
    expect((await call(world, 'DELETE', logOf(instance.id))).status).toBe(200)
    expect((await shown()).traceLoggingEnabled).toBe(false)
    await through(world, instance, 'GET', '/after')
    await world.context.callLog.flush()
    expect((await logged(instance.id, 1)).map(({ path }: { path: string }) => path)).toEqual([
      '/before',
    ])
    const { body } = await call(world, 'GET', `/audit?instanceId=${instance.id}`)
    const actions = body.map(({ action }: { action: string }) => action)
    expect(actions).toContain('instance.call-log-started')
    expect(actions).toContain('instance.call-log-ended')
  })

  test('when its time is over it is off, and after a day what was kept is not shown', async () => {
    const instance = await start()
    const { pool } = world.context.db
    await through(world, instance, 'GET', '/within')
    await logged(instance.id, 1)
    await pool.query("update instances set call_log_until = now() - interval '1 s' where id = $1", [
      instance.id,
    ])
    const shown = async () => (await call(world, 'GET', `/instances/${instance.id}`)).body
    expect((await shown()).traceLoggingEnabled).toBe(false)
    await pool.query(
      "update call_log_entries set expires_at = now() - interval '1 s' where instance_id = $1",
      [instance.id],
    )
    expect((await call(world, 'GET', logOf(instance.id))).body).toEqual([])
    const { purged } = await purge(world.context.db, world.organizationId)
    expect(purged.loggedCalls).toBe(1)
  })

  test.each([0, 1441, 1.5, '5', null])('not for %j minutes', async (minutes) => {
    const { id } = await connect()
    const { status, body } = await call(world, 'PUT', logOf(id), { body: { minutes } })
    expect([status, body.code]).toEqual([400, 'body-invalid'])
  })

  test('an instance that is deleted takes what was kept along', async () => {
    const instance = await start()
    await through(world, instance, 'GET', '/x')
    await logged(instance.id, 1)
    await call(world, 'DELETE', `/instances/${instance.id}`)
    const { rows } = await world.context.db.pool.query(
      'select from call_log_entries where instance_id = $1',
      [instance.id],
    )
    expect(rows).toEqual([])
  })

  test('whoever has the instance next finds it off, and nothing of what others called', async () => {
    const colleague = await addColleague(world)
    const instance = await start()
    await through(world, instance, 'GET', '/before')
    await logged(instance.id, 1)
    await through(world, instance, 'GET', '/late')
    const moved = await call(world, 'PUT', `/instances/${instance.id}/owner`, {
      body: { user: colleague.userId },
    })
    expect(moved.status).toBe(200)
    // What was called just before is written after.
    await world.context.callLog.flush()
    const theirs = { ...world, ...colleague }
    const read = async () => (await call(theirs, 'GET', logOf(instance.id))).body
    expect(await read()).toEqual([])
    const heir = {
      authorization: `${colleague.authorization}, Element ${tokenOf(instance)}`,
    }
    expect((await through(world, heir, 'GET', '/unseen')).status).toBe(200)
    await world.context.callLog.flush()
    expect(await read()).toEqual([])
    await call(theirs, 'PUT', logOf(instance.id), { body: { minutes: 5 } })
    expect((await through(world, heir, 'GET', '/own')).status).toBe(200)
    await until(async () => (await read()).length > 0)
    expect((await read()).map(({ path }: { path: string }) => path)).toEqual(['/own'])
  })

  test('nobody else turns it on, off, or reads it: not even an admin', async () => {
    const colleague = await addColleague(world)
    const theirs = await instanceOf({ ...world, ...colleague } as World, 'logged', {
      ...{ server: vendor.url, user: 'someone', secret },
    })
    const own = await connect()
    for (const [id, as] of [
      [theirs.id, world],
      [own.id, colleague],
      [own.id, await world.addOrganization()],
    ] as const) {
      for (const method of ['PUT', 'GET', 'DELETE'] as const) {
        const answer = await call({ ...world, ...as }, method, logOf(id), {
          ...(method === 'PUT' && { body: { minutes: 5 } }),
        })
        expect([answer.status, answer.body.code]).toEqual([404, 'instance-not-found'])
      }
    }
  })
})
