import { connect } from 'node:net'
import { request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ env: { LATCHKEY_CORS_ORIGINS: 'https://app.example.com' } })
})
afterAll(() => world[Symbol.asyncDispose]())

test.each([
  ['GET', '/nowhere'],
  ['POST', '/elements/api-v2/nowhere'],
  ['GET', '/'],
] as const)('%s %s is refused in the error form', async (method, path) => {
  const { status, body, headers } = await call(world, method, path)
  expect([status, body.code, body.requestId]).toEqual([
    404,
    'route-not-found',
    headers['elements-request-id'],
  ])
})

test('a path that cannot be decoded is refused in the error form', async () => {
  const { status, body } = await call(world, 'GET', '/instances/%E0%A4%A')
  expect(status).toBe(400)
  expect(body.requestId).toMatch(/^[0-9a-f]{24}$/)
})

test.each(['abc', '0', '-1', '1.5', '9007199254740993'])(
  'the instance id %s is refused',
  async (id) => {
    const { status, body } = await call(world, 'GET', `/instances/${id}`)
    expect([status, body.code]).toEqual([400, 'parameters-invalid'])
  },
)

test('headers beyond 16 KiB are refused', async () => {
  const { status, body } = await call(world, 'GET', '/ready', {
    headers: { 'x-large': 'x'.repeat(17_000) },
  })
  expect([status, body.code]).toEqual([431, 'header-too-large'])
})

test('what is no HTTP is refused and the connection closed', async () => {
  const socket = connect(Number(new URL(world.url).port), '127.0.0.1')
  socket.end('EHLO example.com\r\n\r\n')
  let text = ''
  for await (const chunk of socket) text += chunk
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request/)
  expect(text).toContain('"code":"body-invalid"')
})

test('an unexpected failure says nothing but its request id, and the log says it all', async () => {
  await using broken = await startWorld()
  const { body: instance } = await call(broken, 'POST', '/instances', { body: helpDesk(broken) })
  await broken.context.db.pool.query(
    `update secrets set sealed = 'plaintext' where entry = '$token'`,
  )
  const { status, body, text } = await call(broken, 'GET', `/instances/${instance.id}`)
  expect([status, body.code]).toEqual([500, 'internal'])
  expect(text).not.toMatch(/plaintext|envelope|\.ts/)
  expect(
    broken.log.some((line) => line.includes(body.requestId) && line.includes('not an envelope')),
  ).toBe(true)
})

test('a database that is gone answers 503 with Retry-After, and its return is noticed', async () => {
  await using fragile = await startWorld()
  const { pool } = fragile.context.db
  const name = new URL(fragile.databaseUrl).pathname.slice(1)
  await using other = await startWorld()
  const admin = other.context.db.pool
  await admin.query(`alter database ${name} allow_connections false`)
  await admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
  )
  const { status, body, headers } = await call(fragile, 'GET', '/ready')
  expect([status, body.code, headers['retry-after']]).toEqual([503, 'unavailable', '5'])
  await admin.query(`alter database ${name} allow_connections true`)
  expect((await call(fragile, 'GET', '/ready')).status).toBe(200)
  expect(pool.totalCount).toBeGreaterThan(0)
})

test('every answer carries its request id, and one line in the log that names the route, not the URL', async () => {
  const { headers } = await call(world, 'GET', '/instances/4711?secret=swordfish')
  const id = headers['elements-request-id']
  expect(id).toMatch(/^[0-9a-f]{24}$/)
  const lines = world.log.filter((line) => line.includes(String(id)))
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toMatchObject({
    requestId: id,
    organizationId: world.organizationId,
    instanceId: 4711,
    route: 'GET /instances/:id',
    status: 404,
    code: 'instance-not-found',
    ms: expect.any(Number),
  })
  expect(lines[0]).not.toContain('swordfish')
})

test('the process lives without its database, and is ready with it alone', async () => {
  for (const path of ['/live', '/ready', '/elements/api-v2/ready']) {
    const { status, body } = await call(world, 'GET', path, { authorization: null })
    expect([path, status, body]).toEqual([path, 200, { status: 'ok' }])
  }
  await using lacking = await startWorld()
  await lacking.context.db.pool.query(`delete from kysely_migration where name like '0006%'`)
  const migration = await call(lacking, 'GET', '/ready', { authorization: null })
  expect([migration.status, migration.body.code]).toEqual([503, 'unavailable'])
  expect(migration.body.message).toContain('0006')
  await using stranger = await startWorld()
  await stranger.context.db.pool.query(`update peppers set kek_id = 'another'`)
  const keys = await call(stranger, 'GET', '/ready', { authorization: null })
  expect([keys.status, keys.body.message]).toEqual([503, expect.stringContaining('LATCHKEY_KEYS')])
  expect((await call(stranger, 'GET', '/live', { authorization: null })).status).toBe(200)
})

test('who is not known is told how to say it', async () => {
  const { status, headers } = await call(world, 'GET', '/instances/1', { authorization: null })
  expect([status, headers['www-authenticate']]).toEqual([
    401,
    'User realm="latchkey", Organization realm="latchkey", Bearer realm="latchkey"',
  ])
})

test('pages of allowed origins may call, and see the headers that clients know', async () => {
  const ask = (origin: string) => request(`${world.url}/ready`, { headers: { origin } })
  const { headers } = await ask('https://app.example.com')
  expect(headers['access-control-allow-origin']).toBe('https://app.example.com')
  expect(headers['access-control-expose-headers']).toBe(
    'Elements-Returned-Count, Elements-Total-Count, Elements-Request-Id, Elements-Next-Page-Token, Elements-Trace-Id, Elements-Error, Content-Disposition',
  )
  const other = await ask('https://evil.example.com')
  expect(other.headers['access-control-allow-origin']).toBeUndefined()
})

test('the health route, the document and its page are open to all', async () => {
  for (const path of ['/ready', '/openapi.json', '/docs', '/docs/']) {
    const { status } = await call(world, 'GET', path, { authorization: null })
    expect([path, [200, 302].includes(status)]).toEqual([path, true])
  }
})
