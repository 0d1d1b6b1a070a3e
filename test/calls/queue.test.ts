import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { password } from '../gateway/scene.ts'
import { instanceOf, through } from '../gateway/through.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions } from './elements.ts'
import { later, look, secretsOf, whenHastened, whenIn } from './scene.ts'

let world: World
let vendor: WebServer
let answer: (request: Received) => Reply | Promise<Reply>

beforeAll(async () => {
  vendor = await startWebServer((request) => answer(request))
  world = await startWorld({ jobs: true, definitions, allow: ['127.0.0.1'] })
})
beforeEach(() => {
  answer = () => ({ status: 200, body: {} })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const connect = (settings: object = {}, element = 'plain') =>
  instanceOf(world, element, { server: vendor.url, user: 'someone', secret: password }, settings)
const pathsBelow = (prefix: string) =>
  vendor.received.map(({ path }) => path).filter((path) => path.startsWith(prefix))
const change = (id: number, body: object) => call(world, 'PATCH', `/instances/${id}`, { body })

describe('what an hourly limit holds back', () => {
  const hourly = { rateLimits: [{ amount: 1, unit: 'hour' }] }

  test('waits with its place, and goes in order when the limit lets it', async () => {
    const instance = await connect(hourly)
    expect((await through(world, instance, 'GET', '/hourly/now')).status).toBe(200)
    const sent: number[] = []
    for (const name of ['a', 'b', 'c']) {
      sent.push((await later(world, instance, 'POST', `/hourly/${name}`)).kept.id)
    }
    const [first, second, third] = sent
    expect((await look(world, third!)).place).toBe(3)
    await until(async () => (await look(world, first!)).notBefore !== undefined)
    // Those behind it were taken together with it, and come back as it did.
    for (const id of [second!, third!]) await whenIn(world, id, 'waiting')
    expect(await look(world, first!)).toMatchObject({ state: 'waiting', place: 1, attempts: 0 })
    const cancelled = await call(world, 'DELETE', `/calls/${second}`)
    expect([cancelled.status, cancelled.body.state]).toEqual([200, 'cancelled'])
    expect(await secretsOf(world, second!)).toEqual([])
    expect((await look(world, third!)).place).toBe(2)
    expect(pathsBelow('/hourly')).toEqual(['/hourly/now'])

    await change(instance.id, { settings: { rateLimits: [{ amount: 100, unit: 'hour' }] } })
    await whenHastened(world, first!, 'done')
    await whenIn(world, third!, 'done')
    expect(pathsBelow('/hourly')).toEqual(['/hourly/now', '/hourly/a', '/hourly/c'])
    const again = await call(world, 'DELETE', `/calls/${second}`)
    expect([again.status, again.body.code]).toEqual([409, 'call-not-waiting'])
    const over = await call(world, 'DELETE', `/calls/${first}`)
    expect([over.status, over.body.code]).toEqual([409, 'call-not-waiting'])
  })

  test('is never more than the limit, however much waits', async () => {
    const instance = await connect({ rateLimits: [{ amount: 3, unit: 'second' }] })
    const at: number[] = []
    answer = () => {
      at.push(performance.now())
      return {}
    }
    const kept = []
    for (let count = 0; count < 12; count++) {
      kept.push((await later(world, instance, 'GET', `/many/${count}`)).kept.id)
    }
    for (const id of kept) await whenIn(world, id, 'done')
    expect(at).toHaveLength(12)
    for (let from = 0; from + 3 < at.length; from++) {
      // Their way to the vendor may differ by a little.
      expect(at[from + 3]! - at[from]!).toBeGreaterThan(990)
    }
  })
})

describe('a vendor that', () => {
  test('takes no more for a while gets it when it said', async () => {
    let says: Reply = { status: 429, headers: { 'retry-after': '7200' } }
    answer = () => says
    const instance = await connect()
    const { kept } = await later(world, instance, 'POST', '/throttled')
    const behind = await later(world, instance, 'POST', '/throttled')
    await until(async () => (await look(world, kept.id)).attempts > 0)
    const seen = await look(world, kept.id)
    expect(seen).toMatchObject({ state: 'waiting', place: 1 })
    expect(Date.parse(seen.notBefore) - Date.now()).toBeGreaterThan(7_100_000)
    says = { status: 200, body: {} }
    expect(await whenHastened(world, kept.id, 'done')).toMatchObject({ status: 200 })
    await whenHastened(world, behind.kept.id, 'done')
  })

  test('breaks off is asked again where that does no harm, with the same idempotency key', async () => {
    const instance = await connect({}, 'repeating')
    let calls = 0
    answer = async () => {
      calls += 1
      if (calls === 1)
        return { headers: { 'content-length': '1000', connection: 'close' }, body: 'cut' }
      return { status: 201, body: {} }
    }
    const { kept } = await later(world, instance, 'POST', '/broken', { body: 'x' })
    await whenHastened(world, kept.id, 'done')
    const sent = vendor.received.filter(({ path }) => path === '/broken')
    const keys = sent.map(({ headers }) => headers['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(keys[1]).toBe(keys[0])
    expect((await look(world, kept.id)).attempts).toBe(2)
  })

  test('breaks off is not asked again where it may have done it already', async () => {
    const instance = await connect()
    answer = () => ({ headers: { 'content-length': '1000', connection: 'close' }, body: 'cut' })
    const { kept } = await later(world, instance, 'POST', '/once', { body: 'x' })
    const failed = await whenIn(world, kept.id, 'failed', 'done')
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'vendor-unreachable' } })
    expect(failed.error.message).toMatch(/may have got the call all the same/)
    expect(pathsBelow('/once')).toHaveLength(1)
    expect(await secretsOf(world, kept.id)).toEqual([])
  })
})

describe('a call that waits', () => {
  const waits = { rateLimits: [{ amount: 1, unit: 'day' }] }
  const waiting = async () => {
    const instance = await connect(waits)
    await through(world, instance, 'GET', '/first')
    const { kept } = await later(world, instance, 'POST', '/late', { body: 'x' })
    return { instance, id: kept.id as number }
  }

  test('fails with its reason where the instance is disabled meanwhile', async () => {
    const { instance, id } = await waiting()
    await call(world, 'DELETE', `/instances/${instance.id}/enabled`)
    expect(await whenHastened(world, id, 'failed')).toMatchObject({
      error: { code: 'instance-disabled' },
    })
  })

  test('fails where the instance leads elsewhere meanwhile: it was not meant for that', async () => {
    const { instance, id } = await waiting()
    await using other = await startWebServer(() => ({ body: {} }))
    const configuration = { server: other.url, user: 'someone', secret: password }
    const changed = await change(instance.id, { configuration, settings: { rateLimits: [] } })
    expect(changed.status).toBe(200)
    expect(await whenHastened(world, id, 'failed')).toMatchObject({
      error: { code: 'secrets-required' },
    })
    expect(other.received.map(({ path }) => path)).not.toContain('/late')
  })

  test('is cancelled together with its instance', async () => {
    const { instance, id } = await waiting()
    await call(world, 'DELETE', `/instances/${instance.id}`)
    expect(await look(world, id)).toMatchObject({
      state: 'cancelled',
      error: { code: 'instance-not-found' },
    })
    expect(await secretsOf(world, id)).toEqual([])
  })
})
