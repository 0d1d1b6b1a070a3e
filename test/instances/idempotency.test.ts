import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { call, countStored, helpDesk } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld({ maxConnections: 10 })
})
afterAll(() => world[Symbol.asyncDispose]())
afterEach(() => world.sandbox.reset())

const send = (key: string, body: object = helpDesk(world), more: object = {}) =>
  call(world, 'POST', '/instances', { body, headers: { 'idempotency-key': key }, ...more })

async function eventually(holds: () => boolean) {
  while (!holds()) await delay(5)
}

test('the same key with another body is refused, and stores nothing', async () => {
  const key = randomUUID()
  await send(key)
  const stored = await countStored(world)
  const { status, body } = await send(key, { ...helpDesk(world), name: 'Another' })
  expect([status, body.code]).toEqual([422, 'idempotency-key-reused'])
  expect(await countStored(world)).toEqual(stored)
})

test('the same key with another body is refused while the first is under way', async () => {
  world.sandbox.behave({ behaviour: 'slow', ms: 300 }, 1)
  const [key, asked] = [randomUUID(), world.sandbox.requests.length]
  const first = send(key)
  await eventually(() => world.sandbox.requests.length > asked)
  const other = await send(key, { ...helpDesk(world), name: 'Another' })
  expect(other.status).toBe(422)
  expect((await first).status).toBe(200)
})

test('the same key while the first is under way answers 409 and when to ask again', async () => {
  world.sandbox.behave({ behaviour: 'slow', ms: 300 }, 1)
  const [key, asked] = [randomUUID(), world.sandbox.requests.length]
  const first = send(key)
  await eventually(() => world.sandbox.requests.length > asked)
  const { status, body, headers } = await send(key)
  expect([status, body.code]).toEqual([409, 'request-in-progress'])
  expect(Number(headers['retry-after'])).toBeGreaterThan(0)
  expect((await first).status).toBe(200)
})

test.each(['', ' ', 'x'.repeat(256), 'schlüssel'])('the key "%s" is refused', async (key) => {
  const headers = { 'idempotency-key': Buffer.from(key, 'utf8').toString('latin1') }
  const { status, body } = await call(world, 'POST', '/instances', {
    body: helpDesk(world),
    headers,
  })
  expect([status, body.code]).toEqual([400, 'idempotency-key-invalid'])
})

test('a path that names no element is refused with a key as without', async () => {
  const { element: _, ...body } = helpDesk(world)
  for (const path of ['/elements/%00/instances', '/elements/nothing/instances']) {
    const headers = { 'idempotency-key': randomUUID() }
    const answer = await call(world, 'POST', path, { body, headers })
    expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'element-not-found'])
  }
})

test('key and id of an element are one path', async () => {
  const { element: _, ...body } = helpDesk(world)
  const headers = { 'idempotency-key': randomUUID() }
  const first = await call(world, 'POST', '/elements/connectwisehd/instances', { body, headers })
  const second = await call(world, 'POST', '/elements/117/instances', { body, headers })
  expect([second.status, second.text]).toEqual([200, first.text])
})

test('the same key and body answer the same, byte for byte, and ask the vendor once', async () => {
  const [key, asked] = [randomUUID(), world.sandbox.requests.length]
  const first = await send(key)
  const second = await send(key)
  expect(first.status).toBe(200)
  expect([second.status, second.text]).toEqual([200, first.text])
  expect(second.headers['content-type']).toBe(first.headers['content-type'])
  expect(second.headers.etag).toBe(first.headers.etag)
  expect(world.sandbox.requests.length - asked).toBe(1)
  const read = await call(world, 'GET', `/instances/${first.body.id}`)
  expect(read.body).toEqual(first.body)
})

test('a refusal releases the key, so that a retry may succeed with a corrected body', async () => {
  const key = randomUUID()
  const wrong = await send(key, helpDesk(world, { 'helpdesk.connectwise.password': 'wrong' }))
  expect(wrong.body.code).toBe('credentials-rejected')
  const missing = await send(key, { ...helpDesk(world), configuration: {} })
  expect(missing.body.code).toBe('configuration-incomplete')
  expect((await send(key)).status).toBe(200)
})

test('of 50 parallel requests with one key one provisions, and the others say the same or wait', async () => {
  const [key, asked, before] = [
    randomUUID(),
    world.sandbox.requests.length,
    await countStored(world),
  ]
  const answers = await Promise.all(Array.from({ length: 50 }, () => send(key)))
  const good = answers.filter((answer) => answer.status === 200)
  expect(good.length).toBeGreaterThan(0)
  expect(new Set(good.map((answer) => answer.text)).size).toBe(1)
  expect(answers.filter((answer) => ![200, 409].includes(answer.status))).toEqual([])
  expect(world.sandbox.requests.length - asked).toBe(1)
  const after = await countStored(world)
  expect(Number(after.instances) - Number(before.instances)).toBe(1)
  expect((await send(key)).text).toBe(good[0]!.text)
})

test('keys are the user’s own, and belong to one route', async () => {
  const key = randomUUID()
  const other = await world.addOrganization()
  const { element: _, ...body } = helpDesk(world)
  const mine = await send(key)
  const theirs = await send(key, helpDesk(world), { authorization: other.authorization })
  const byPath = await call(world, 'POST', '/elements/connectwisehd/instances', {
    body,
    headers: { 'idempotency-key': key },
  })
  expect([mine.status, theirs.status, byPath.status]).toEqual([200, 200, 200])
  expect(new Set([mine.body.id, theirs.body.id, byPath.body.id]).size).toBe(3)
})

test('an answer is kept for 24 hours, then the key is free again', async () => {
  const key = randomUUID()
  const first = await send(key)
  const { rows } = await world.context.db.pool.query(
    `select extract(epoch from expires_at - now())::int as seconds, sealed
     from idempotency_claims where key = $1`,
    [key],
  )
  expect(Math.abs(rows[0].seconds - 24 * 3600)).toBeLessThan(60)
  expect(rows[0].sealed).toMatch(/^e1\./)
  await world.context.db.pool.query(
    `update idempotency_claims set expires_at = now() - interval '1 second' where key = $1`,
    [key],
  )
  const again = await send(key)
  expect(again.status).toBe(200)
  expect(again.body.id).not.toBe(first.body.id)
})

test('expired claims are swept by those that come after them', async () => {
  await Promise.all(Array.from({ length: 6 }, () => send(randomUUID())))
  await world.context.db.pool.query(
    `update idempotency_claims set expires_at = now() - interval '1 second'`,
  )
  const countExpired = async () => {
    const { rows } = await world.context.db.pool.query(
      `select count(*)::int as n from idempotency_claims
       where expires_at < now() and organization_id = $1`,
      [world.organizationId],
    )
    return rows[0].n
  }
  expect(await countExpired()).toBeGreaterThan(0)
  // One claim in sixteen sweeps: 400 in a row that do not are as likely as a wrong bit in memory.
  for (let sent = 0; (await countExpired()) > 0; sent += 1) {
    expect(sent).toBeLessThan(400)
    await send(randomUUID())
  }
})
