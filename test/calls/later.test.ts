import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { basic, connect, definitions } from '../gateway/scene.ts'
import { through } from '../gateway/through.ts'
import { call } from '../support/client.ts'
import { type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { later, look, secretsOf, whenIn } from './scene.ts'

let world: World
let vendor: WebServer
let answer: () => Reply

beforeAll(async () => {
  vendor = await startWebServer(() => answer())
  world = await startWorld({ jobs: true, definitions, allow: ['127.0.0.1'] })
})
beforeEach(() => {
  answer = () => ({ status: 200, body: {} })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const received = (path: string) => vendor.received.filter((one) => one.path === path)

test('a call whose client does not wait is sent as any other, and its answer kept', async () => {
  answer = () => ({
    status: 201,
    headers: { 'set-cookie': 'a=b', link: `<${vendor.url}/more?page=2>; rel="next"` },
    body: { made: true },
  })
  const instance = await connect(world, vendor.url)
  const { kept, headers, location } = await later(world, instance, 'POST', '/made?a=1', {
    headers: { 'content-type': 'text/plain', prefer: 'respond-async, return=minimal' },
    body: 'text',
  })
  expect(kept).toEqual({
    id: expect.any(Number),
    instanceId: instance.id,
    method: 'POST',
    state: 'waiting',
    place: 1,
    attempts: 0,
    createdAt: expect.any(String),
  })
  expect(headers).toMatchObject({
    'preference-applied': 'respond-async',
    'elements-element-instance-id': String(instance.id),
    'elements-request-id': expect.any(String),
  })
  expect(location).toBe(`/calls/${kept.id}`)
  const done = await whenIn(world, kept.id, 'done')
  expect(done).toMatchObject({ state: 'done', attempts: 1, status: 201 })
  expect(done.place).toBeUndefined()
  expect(done.answer).toMatchObject({
    status: 201,
    body: '{"made":true}',
    encoding: 'utf8',
    truncated: false,
    headers: {
      'content-type': 'application/json',
      link: `</proxy/more?page=2>; rel="next"`,
    },
  })
  expect(done.answer.headers['set-cookie']).toBeUndefined()
  const [sent] = received('/made?a=1')
  expect(sent).toMatchObject({ method: 'POST', body: 'text' })
  expect(sent!.headers).toMatchObject({ authorization: basic, prefer: 'return=minimal' })
  expect(received('/made?a=1')).toHaveLength(1)
  expect(await secretsOf(world, kept.id)).toEqual(['answer'])
})

test('whoever called with a token of the instance alone may look, with the prefix as well', async () => {
  const instance = await connect(world, vendor.url)
  const user = instance.authorization.replace(/, Organization [^,]+/, '')
  const answered = await call(world, 'GET', '/elements/api-v2/proxy/prefixed', {
    authorization: user,
    headers: { prefer: 'respond-async' },
  })
  expect(answered.status).toBe(202)
  expect(answered.headers.location).toBe(`/elements/api-v2/calls/${answered.body.id}`)
  await whenIn(world, answered.body.id, 'done')
  const seen = await call(world, 'GET', String(answered.headers.location), {
    authorization: user,
  })
  expect([seen.status, seen.body.answer.body]).toEqual([200, '{}'])
})

test('what is no text is kept in base64, and no more than a mebibyte', async () => {
  // The last byte that is kept is half of a letter.
  const text = `a${'é'.repeat(600_000)}`
  answer = () => ({ headers: { 'content-type': 'text/plain' }, body: text })
  const instance = await connect(world, vendor.url)
  const { kept } = await later(world, instance, 'GET', '/large')
  const { answer: got } = await whenIn(world, kept.id, 'done')
  expect([got.encoding, got.truncated]).toEqual(['base64', true])
  const whole = Buffer.from(text)
  expect(Buffer.from(got.body, 'base64').equals(whole.subarray(0, 1024 * 1024))).toBe(true)
})

test('an answer that says no is an answer', async () => {
  answer = () => ({ status: 422, body: { wrong: 'name' } })
  const instance = await connect(world, vendor.url)
  const { kept } = await later(world, instance, 'PUT', '/wrong', { body: '{}' })
  const done = await whenIn(world, kept.id, 'done', 'failed')
  expect([done.state, done.status, done.answer.body]).toEqual(['done', 422, '{"wrong":"name"}'])
})

test('another preference is no wish to wait for hours', async () => {
  const instance = await connect(world, vendor.url)
  for (const prefer of ['return=representation', 'respond-asynchronous', 'x="respond-async"']) {
    const { status } = await through(world, instance, 'GET', '/now', { headers: { prefer } })
    expect(status).toBe(200)
  }
})

describe('is refused', () => {
  test('a body of more than a mebibyte, said or not', async () => {
    const instance = await connect(world, vendor.url)
    const headers = { prefer: 'respond-async' }
    const body = Buffer.alloc(1024 * 1024 + 1)
    const said = await through(world, instance, 'POST', '/much', { headers, body })
    expect([said.status, said.code]).toEqual([413, 'call-too-large'])
    const stream = Readable.from([body.subarray(0, 700_000), body.subarray(700_000)])
    const unsaid = await through(world, instance, 'POST', '/much', { headers, body: stream })
    expect([unsaid.status, unsaid.code]).toEqual([413, 'call-too-large'])
    expect(received('/much')).toEqual([])
    expect(world.context.bodyRoom.taken).toBe(0)
  })

  test('what a call at once would be refused for', async () => {
    const instance = await connect(world, vendor.url)
    const headers = { prefer: 'respond-async' }
    const path = await through(world, instance, 'GET', '/../up', { headers })
    expect([path.status, path.code]).toEqual([400, 'gateway-path-invalid'])
    await call(world, 'DELETE', `/instances/${instance.id}/enabled`)
    const disabled = await through(world, instance, 'GET', '/', { headers })
    expect([disabled.status, disabled.code]).toEqual([403, 'instance-disabled'])
    const nobody = { authorization: 'User a, Element b' }
    expect((await through(world, nobody, 'GET', '/', { headers })).status).toBe(401)
  })

  test('one more where ten thousand wait', async () => {
    const instance = await connect(world, vendor.url)
    await world.context.db.pool.query(
      `insert into calls (organization_id, id, instance_id, user_id, method, size, next_at)
       select $1, nextval('calls_id_seq'), $2, $3, 'GET', 0, now() + interval '1 day'
       from generate_series(1, 10000)`,
      [world.organizationId, instance.id, world.userId],
    )
    const headers = { prefer: 'respond-async' }
    const { status, code } = await through(world, instance, 'GET', '/', { headers })
    expect([status, code]).toEqual([429, 'calls-too-many'])
  })

  test('a look at what is nobody’s, or no number', async () => {
    expect(await look(world, 987_654)).toMatchObject({ code: 'call-not-found' })
    const { status } = await call(world, 'GET', '/calls/none')
    expect(status).toBe(400)
    const nobody = await call(world, 'GET', '/calls', { authorization: 'User a, Element b' })
    expect(nobody.status).toBe(401)
  })
})
