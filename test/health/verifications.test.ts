import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions, provision, startVendor, type Vendor } from './vendor.ts'

let world: World
let vendor: Vendor
/** Another organization for each test, and nothing in it. */
let caller: World
beforeAll(async () => {
  vendor = await startVendor()
  world = await startWorld({ definitions, allow: [new URL(vendor.url).host] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(async () => {
  vendor.reply = { status: 200 }
  caller = { ...world, ...(await world.addOrganization()) }
  vendor.received.splice(0)
})

const verify = (body: unknown, headers: Record<string, string> = {}) =>
  call(caller, 'POST', '/instances/verify', { body, headers })
const json = { accept: 'application/json' }
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const read = (id: number, query = '') => call(caller, 'GET', `/instances/verify/${id}${query}`)
const many = (count: number, more: Record<string, unknown> = {}) =>
  Promise.all(Array.from({ length: count }, () => provision(caller, vendor, 'daily', more)))
const finished = async (id: number) => {
  await until(async () => (await read(id)).body.state !== 'running')
  return (await read(id)).body
}

/** Nobody is answered until it is called. */
function hold(): () => void {
  const released = Promise.withResolvers<void>()
  vendor.reply = released.promise.then(() => ({ status: 200 })) as never
  return released.resolve
}

describe('many instances are tried', () => {
  test('and the progress comes as JSON lines: what begins, each one, and the sum', async () => {
    const good = await many(3)
    const { status, headers, text } = await verify({ all: true })
    expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson'])
    const [started, ...rest] = linesOf(text)
    const end = rest.pop()
    expect(started).toEqual({ type: 'started', run: expect.any(Number), count: 3 })
    expect(rest.map(({ type }) => type)).toEqual(['result', 'result', 'result'])
    expect(rest.map(({ result }) => result.id).sort()).toEqual(good.toSorted())
    expect(rest[0].result).toEqual({
      id: expect.any(Number),
      verdict: 'verified',
      code: null,
      message: null,
      state: 'verified',
      at: expect.any(String),
    })
    expect(end).toEqual({ type: 'finished', run: started.run, verdicts: { verified: 3 } })
    const { body } = await read(started.run)
    expect(body).toMatchObject({
      id: started.run,
      state: 'finished',
      count: 3,
      done: 3,
      verdicts: { verified: 3 },
      finishedDate: expect.any(String),
    })
    expect(body.results.map((one: { id: number }) => one.id)).toEqual(good.toSorted())
  })

  test('with what the vendor says to each, and a refusal of one is none of all', async () => {
    const [id] = await many(1)
    vendor.reply = { status: 401 }
    const other = await world.addOrganization()
    const theirs = await provision({ ...world, ...other }, vendor, 'daily', { verify: false })
    const { text } = await verify({ ids: [id, theirs, 999_999_999, id] })
    const [started, ...rest] = linesOf(text)
    expect(started.count).toBe(3)
    const results = Object.fromEntries(
      rest.slice(0, -1).map(({ result }) => [result.id, [result.verdict, result.code]]),
    )
    expect(results).toEqual({
      [id!]: ['rejected', 'credentials-rejected'],
      [theirs]: [null, 'instance-not-found'],
      999999999: [null, 'instance-not-found'],
    })
    expect(rest.at(-1).verdicts).toEqual({ rejected: 1, 'instance-not-found': 2 })
    expect(text).not.toContain('a-secret-of-the-vendor')
    expect((await call(caller, 'GET', `/instances/${id}`)).body.state).toBe('verified')
  })

  test('by tags and element, all of which must hold', async () => {
    const [one] = await many(1, { tags: ['emea', 'gold'] })
    await many(1, { tags: ['emea'] })
    await provision(caller, vendor, 'hourly', { tags: ['emea', 'gold'] })
    const count = async (body: unknown) => linesOf((await verify(body)).text)[0].count
    expect(await count({ tags: ['emea'] })).toBe(3)
    expect(await count({ element: 'daily' })).toBe(2)
    expect(await count({ tags: ['apac'] })).toBe(0)
    const { text } = await verify({ tags: ['emea', 'gold'], element: 'daily' })
    expect(linesOf(text)[1].result.id).toBe(one)
  })

  test('which makes good instances of drafts and of failed ones', async () => {
    const [draft] = await many(1, { verify: false })
    const [failed] = await many(1)
    await world.context.db.pool.query("update instances set state = 'failed' where id = $1", [
      failed,
    ])
    await verify({ all: true })
    for (const id of [draft, failed]) {
      expect((await call(caller, 'GET', `/instances/${id}`)).body).toMatchObject({
        state: 'verified',
        valid: true,
      })
    }
  })

  test('a few at a time at each host', async () => {
    await many(12)
    vendor.received.splice(0)
    const release = hold()
    const { body } = await verify({ all: true }, json)
    await until(() => vendor.received.length >= 4)
    await delay(100)
    expect(vendor.received.length).toBeLessThanOrEqual(4)
    release()
    expect((await finished(body.id)).done).toBe(12)
  })

  test('and the page of results says where the next begins', async () => {
    const ids = (await many(3)).toSorted()
    const { text } = await verify({ all: true })
    const { run } = linesOf(text)[0]
    const first = await read(run, '?pageSize=2')
    expect(first.body.results.map((one: { id: number }) => one.id)).toEqual(ids.slice(0, 2))
    const next = await read(run, `?nextPage=${first.headers['elements-next-page-token']}`)
    expect(next.body.results.map((one: { id: number }) => one.id)).toEqual(ids.slice(2))
    expect(next.body.done).toBe(3)
  })
})

describe('it goes on', () => {
  test('behind an answer that came at once, for who asks for JSON', async () => {
    await many(2)
    const release = hold()
    const { headers, body } = await verify({ all: true }, json)
    expect(headers['content-type']).toContain('application/json')
    expect(body).toMatchObject({ state: 'running', count: 2, done: 0, results: [] })
    expect((await read(body.id)).body).toMatchObject({ state: 'running', finishedDate: null })
    release()
    expect(await finished(body.id)).toMatchObject({ state: 'finished', done: 2 })
  })

  test('where whoever asked has left', async () => {
    await many(6)
    const release = hold()
    const leaving = new AbortController()
    const { statusCode, body } = await request(`${world.url}/instances/verify`, {
      method: 'POST',
      headers: { authorization: caller.authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ all: true }),
      signal: leaving.signal,
    })
    expect(statusCode).toBe(200)
    const iterator = body[Symbol.asyncIterator]()
    const { run } = JSON.parse(String((await iterator.next()).value))
    leaving.abort()
    await expect(iterator.next()).rejects.toThrow()
    release()
    expect(await finished(run)).toMatchObject({ state: 'finished', done: 6 })
  })

  test('until the process ends, which shows', async () => {
    await many(2)
    const { text } = await verify({ all: true })
    const { run } = linesOf(text)[0]
    await world.context.db.pool.query(
      `update verification_runs
       set finished_at = null, alive_until = now() - interval '1 second' where id = $1`,
      [run],
    )
    expect((await read(run)).body).toMatchObject({
      state: 'interrupted',
      done: 2,
      finishedDate: null,
    })
  })
})

test('a process that is stopped says of its runs that they are interrupted', async () => {
  await many(12)
  const allow = [new URL(vendor.url).host]
  const { databaseUrl, keys } = world
  const stopping = await startWorld({ databaseUrl, keys, definitions, allow })
  const release = hold()
  const { authorization } = caller
  const { body } = await call({ ...stopping, authorization }, 'POST', '/instances/verify', {
    body: { all: true },
    headers: json,
  })
  await until(() => vendor.received.length > 12)
  const stopped = stopping[Symbol.asyncDispose]()
  await until(() => stopping.context.verifications.signal.aborted)
  release()
  await stopped
  const run = (await read(body.id)).body
  expect(run).toMatchObject({ state: 'interrupted', count: 12, finishedDate: null })
  expect(run.done).toBeGreaterThan(0)
  expect(run.done).toBeLessThan(12)
})

describe('it is refused', () => {
  test.each([
    [{}],
    [{ ids: [] }],
    [{ ids: ['7'] }],
    [{ all: false }],
    [{ all: true, tags: ['a'] }],
    [{ ids: [7], element: 'daily' }],
    [{ ids: Array.from({ length: 1001 }, (_, at) => at + 1) }],
    [{ tags: ['a\0'] }],
    [[]],
  ])('with %j', async (body) => {
    const refused = await verify(body)
    expect([refused.status, refused.body.code]).toEqual([400, 'body-invalid'])
  })

  test('of an element that is not there', async () => {
    expect((await verify({ element: 'none-such' })).body.code).toBe('element-not-found')
  })

  test('to others to read, and after seven days to all', async () => {
    await many(1)
    const { run } = linesOf((await verify({ all: true })).text)[0]
    const stranger = await world.addOrganization()
    const colleague = await addColleague(caller)
    for (const { authorization } of [stranger, colleague]) {
      const { status, body } = await call(world, 'GET', `/instances/verify/${run}`, {
        authorization,
      })
      expect([status, body.code]).toEqual([404, 'verification-not-found'])
    }
    expect((await read(run)).status).toBe(200)
    await world.context.db.pool.query(
      'update verification_runs set expires_at = now() where id = $1',
      [run],
    )
    expect((await read(run)).body.code).toBe('verification-not-found')
  })

  test('while two of the caller’s are under way, whose end lets another begin', async () => {
    await many(1)
    const release = hold()
    const runs = [await verify({ all: true }, json), await verify({ all: true }, json)]
    const refused = await verify({ all: true }, json)
    expect([refused.status, refused.body.code]).toEqual([429, 'verifications-too-many'])
    expect(refused.headers['retry-after']).toBe('30')
    release()
    for (const { body } of runs) await finished(body.id)
    expect((await verify({ all: true })).status).toBe(200)
  })
})
