import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { gatedElement, type Line, openBulk, startVendor, type Vendor } from './scene.ts'

let world: World
let vendor: Vendor
let caller: { url: string; authorization: string; organizationId: number }
beforeAll(async () => {
  world = await startWorld({ definitions: [gatedElement], allow: ['127.0.0.1'] })
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  vendor = await startVendor()
  caller = { url: world.url, ...(await world.addOrganization()) }
  return () => {
    vendor.open()
    return vendor[Symbol.asyncDispose]()
  }
})

const instance = (name: string, secret = 'right') => ({
  name,
  element: { key: 'gated' },
  configuration: { secret, url: vendor.url },
})

const headers = { 'content-type': 'application/x-ndjson' }

async function send(lines: unknown[], more: Record<string, string> = {}) {
  const body = lines
    .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
    .join('\n')
  const answer = await call(caller, 'POST', '/instances/bulk', {
    body,
    headers: { ...headers, ...more },
  })
  const results = answer.text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
  return { answer, results: results.sort((one, other) => one.line - other.line) }
}

const names = async () => {
  const { body } = await call(caller, 'GET', '/instances')
  return body.map(({ name }: { name: string }) => name).sort()
}

describe('each line', () => {
  test('is provisioned as a request of its own would be', async () => {
    const { answer, results } = await send([instance('One'), instance('Two')])
    expect([answer.status, answer.headers['content-type']]).toEqual([200, headers['content-type']])
    expect(results.map(({ line, status }) => [line, status])).toEqual([
      [1, 200],
      [2, 200],
    ])
    const [{ instance: made }] = results as [Line]
    const { body: read } = await call(caller, 'GET', `/instances/${made.id}`)
    expect(made).toEqual(read)
    expect(made).toMatchObject({
      name: 'One',
      state: 'verified',
      configuration: { secret: '********' },
    })
  })

  test('is told in the audit, or not stored', async () => {
    const { pool } = world.context.db
    await pool.query('alter table audit_entries add constraint closed check (false) not valid')
    const { results: refused } = await send([instance('Untold')])
    await pool.query('alter table audit_entries drop constraint closed')
    expect(refused).toMatchObject([{ line: 1, status: 500, error: { code: 'internal' } }])
    expect(await names()).toEqual([])
    const { results } = await send([instance('Told')])
    const { body: entries } = await call(caller, 'GET', '/audit?action=instance.created')
    expect(entries.map(({ instanceId }: { instanceId: number }) => instanceId)).toEqual([
      results[0]!.instance.id,
    ])
  })

  test('that is refused says why, and hurts no other', async () => {
    const { results } = await send([
      instance('First'),
      '{"name": ',
      instance('Unknown', 'wrong'),
      { element: { key: 'gated' }, configuration: {} },
      { ...instance('No element'), element: { key: 'gatet' } },
      '[]',
      `{"__proto__": {}, "name": "Polluted"}`,
      { ...instance('Last'), configuration: { secret: 'right' } },
      instance('Last'),
    ])
    expect(results.map(({ line, status, error }) => [line, status, error?.code])).toEqual([
      [1, 200, undefined],
      [2, 400, 'body-invalid'],
      [3, 400, 'credentials-rejected'],
      [4, 400, 'name-missing'],
      [5, 404, 'element-not-found'],
      [6, 400, 'body-invalid'],
      [7, 400, 'body-invalid'],
      [8, 400, 'configuration-incomplete'],
      [9, 200, undefined],
    ])
    expect(results[2]!.error).toMatchObject({
      message: expect.stringContaining('does not know this secret'),
      requestId: expect.stringMatching(/^[0-9a-f]{24}$/),
      probe: { verdict: 'rejected' },
    })
    expect(await names()).toEqual(['First', 'Last'])
  })

  test('keeps its number where others are blank', async () => {
    const { results } = await send(['', instance('Two'), '   ', '\r', instance('Five'), ''])
    expect(results.map(({ line, status }) => [line, status])).toEqual([
      [2, 200],
      [5, 200],
    ])
  })

  test('is refused where it is longer than a request may be, and those after it are not', async () => {
    const long = { ...instance('Long'), tags: ['x'.repeat(2 ** 20)] }
    const { results } = await send([long, instance('After')])
    expect(results.map(({ line, status }) => [line, status])).toEqual([
      [1, 413],
      [2, 200],
    ])
  })

  test('is provisioned once, however often the whole is sent with a key', async () => {
    const key = { 'idempotency-key': randomUUID() }
    const lines = [instance('One'), instance('Two', 'wrong'), instance('Three')]
    const first = await send(lines, key)
    const second = await send([lines[0], instance('Two'), instance('Another')], key)
    expect(second.results.map(({ status, error }) => [status, error?.code])).toEqual([
      [200, undefined],
      [200, undefined],
      [422, 'idempotency-key-reused'],
    ])
    expect(second.results[0]).toEqual(first.results[0])
    expect(await names()).toEqual(['One', 'Three', 'Two'])
  })
})

describe('while the request is still under way', () => {
  test('a line is answered before the next one is sent', async () => {
    const bulk = openBulk(caller)
    for (const name of ['One', 'Two', 'Three']) {
      bulk.write(instance(name))
      expect(await bulk.next()).toMatchObject({ status: 200, instance: { name } })
    }
    bulk.request.end()
    expect(await bulk.next()).toBeUndefined()
  })

  test('a line is answered as soon as it is done, also before those that came first', async () => {
    const bulk = openBulk(caller)
    bulk.write(instance('Slow', 'slow'))
    await until(() => vendor.waiting() === 1)
    bulk.write(instance('Quick'))
    expect(await bulk.next()).toMatchObject({ line: 2, instance: { name: 'Quick' } })
    vendor.open()
    expect(await bulk.next()).toMatchObject({ line: 1, instance: { name: 'Slow' } })
    bulk.request.end()
  })

  test('lines wait for a place at the vendor, which is never given more than it may get', async () => {
    const bulk = openBulk(caller)
    for (let line = 1; line <= 20; line += 1) bulk.write(instance(`${line}`, 'slow'))
    bulk.request.end()
    await until(() => vendor.waiting() === 5)
    expect(vendor.received).toHaveLength(5)
    vendor.open()
    const results: (Line | undefined)[] = []
    for (let line = 1; line <= 20; line += 1) results.push(await bulk.next())
    expect(results.map((result) => result?.status)).toEqual(Array(20).fill(200))
    expect(await names()).toHaveLength(20)
  })

  test('whoever leaves stops what was not begun; what was begun is finished', async () => {
    const bulk = openBulk(caller)
    for (let line = 1; line <= 30; line += 1) bulk.write(instance(`${line}`, 'slow'))
    await until(() => vendor.waiting() === 5)
    bulk.request.on('error', () => {})
    const closed = new Promise((resolve) => bulk.request.once('close', resolve))
    bulk.request.destroy()
    await closed
    expect(await names()).toEqual([])
    vendor.open()
    await until(async () => (await names()).length >= 5)
    const { body } = await call(caller, 'POST', '/instances', { body: instance('after') })
    expect(body.state).toBe('verified')
    const made = (await names()).filter((name: string) => name !== 'after')
    expect(made.length).toBeLessThanOrEqual(8)
  })

  test('a caller who loses the right to call has no more lines taken', async () => {
    const bulk = openBulk(caller)
    bulk.write(instance('Before'))
    expect(await bulk.next()).toMatchObject({ status: 200 })
    const { pool } = world.context.db
    await pool.query('update users set active = false where organization_id = $1', [
      caller.organizationId,
    ])
    const code = async () => {
      bulk.write(instance('After'))
      return (await bulk.next())?.error?.code
    }
    await until(async () => (await code()) === 'user-unknown')
    bulk.request.end()
  })
})

test('a service that stops finishes the lines that it has begun, and takes no more', async () => {
  const leaving = await startWorld({ definitions: [gatedElement], allow: ['127.0.0.1'] })
  const bulk = openBulk(leaving)
  bulk.write(instance('Slow', 'slow'))
  await until(() => vendor.waiting() === 1)
  const stopped = leaving[Symbol.asyncDispose]()
  bulk.write(instance('Late'))
  vendor.open()
  expect(await bulk.next()).toMatchObject({ line: 1, status: 200 })
  expect(await bulk.next()).toBeUndefined()
  bulk.request.end()
  await stopped
})

describe('the whole', () => {
  test('is refused without a header, and as anything but JSON lines', async () => {
    const path = '/instances/bulk'
    const unknown = await call(caller, 'POST', path, { body: '{}', headers, authorization: null })
    expect([unknown.status, unknown.body.code]).toEqual([401, 'access-missing'])
    const json = await call(caller, 'POST', path, { body: instance('One') })
    expect([json.status, json.body.code]).toEqual([415, 'media-type-unsupported'])
    const key = { ...headers, 'idempotency-key': 'x'.repeat(250) }
    const long = await call(caller, 'POST', path, { body: '{}', headers: key })
    expect([long.status, long.body.code]).toEqual([400, 'idempotency-key-invalid'])
    expect(await names()).toEqual([])
  })

  test('may be empty', async () => {
    const { answer } = await send([''])
    expect([answer.status, answer.text]).toEqual([200, ''])
  })

  test('has at most 10,000 lines: the first one too many is told, and ends it', async () => {
    const lines = Array(9_999).fill('')
    const { results } = await send([...lines, instance('In'), instance('Out'), instance('Out')])
    expect(results.map(({ line, status, error }) => [line, status, error?.code])).toEqual([
      [10_000, 200, undefined],
      [10_001, 413, 'body-too-large'],
    ])
    expect(await names()).toEqual(['In'])
  })

  test('has at most 32 MiB', async () => {
    const half = ' '.repeat(2 ** 20 - 1)
    const most = Array(31).fill(half)
    const whole = await send([...most, half, instance('Out')])
    expect([whole.answer.status, whole.answer.body.code]).toEqual([413, 'body-too-large'])
    const bulk = openBulk(caller)
    bulk.write(instance('In'))
    for (const line of [...most, half]) bulk.write(line)
    const results = [await bulk.next(), await bulk.next()]
    expect(results.map((result) => [result?.line, result?.status])).toEqual([
      [1, 200],
      [33, 413],
    ])
    expect(await bulk.next()).toBeUndefined()
    expect(await names()).toEqual(['In'])
  })
})
