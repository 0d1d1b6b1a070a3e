import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'
import { type GatewayVendor, type Reply, startGatewayVendor } from './types-vendor.ts'

const nobody = (name: string) => ({ type: 'none', name })
const gateway = {
  throttled: [
    { status: 403, header: { name: 'X-Quota', equals: 'over' } },
    { status: 200, json: { pointer: '/error/code', equals: 'THROTTLED' } },
  ],
}
const definitions = [
  elementWith(9691, nobody('Counting')),
  elementWith(9692, nobody('Marking'), { gateway }),
  elementWith(9693, nobody('InMillis'), {
    retryAfter: { header: 'X-Ready-In', unit: 'milliseconds' },
  }),
  elementWith(9694, nobody('AtUnix'), { retryAfter: { header: 'X-Reset', unit: 'unix' } }),
  elementWith(9695, nobody('Single'), { settings: { concurrency: 1 } }),
  elementWith(9696, {
    type: 'digest',
    name: 'Asking',
    username: '{user}',
    password: '{secret}',
  } as never),
]

let world: World
let vendor: GatewayVendor
let reply: Reply = {}

beforeAll(async () => {
  vendor = await startGatewayVendor()
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(() => {
  vendor.received.splice(0)
  vendor.answer = () => reply
})

const perDay = (amount: number) => ({ rateLimits: [{ amount, unit: 'day' }] })
const connect = (element: string, settings: object = {}) =>
  instanceOf(world, element, { server: vendor.url, user: 'u', secret: 's' }, settings)

/** How long its calls wait before the next one starts, in seconds. */
async function pausedSeconds({ authorization }: { authorization: string }) {
  const { limited } = await world.context.connections.of(authorization)
  const { budget } = await world.context.limiter.state(limited!)
  return budget!.pausedMs / 1000
}

describe("the vendor's wish to be left alone pauses the budget, and its answer goes on", () => {
  const soon = () => new Date(Date.now() + 40_000).toUTCString()
  const at = () => String(Math.ceil(Date.now() / 1000) + 40)

  test.each<[string, string, () => Reply]>([
    ['in seconds', 'counting', () => ({ status: 429, headers: { 'retry-after': '40' } })],
    ['as a date', 'counting', () => ({ status: 429, headers: { 'retry-after': soon() } })],
    [
      'in a header of its own',
      'inmillis',
      () => ({ status: 429, headers: { 'x-ready-in': '40000' } }),
    ],
    ['as a moment', 'atunix', () => ({ status: 429, headers: { 'x-reset': at() } })],
    [
      'with a status and header of its own',
      'marking',
      () => ({ status: 403, headers: { 'x-quota': 'over', 'retry-after': '40' } }),
    ],
    [
      'in the body',
      'marking',
      () => ({ headers: { 'retry-after': '40' }, body: '{"error":{"code":"THROTTLED"}}' }),
    ],
  ])('%s', async (_, element, make) => {
    const instance = await connect(element, perDay(1000))
    reply = make()
    const { status, code, text } = await through(world, instance, 'GET', '/x')
    expect([status, code, text]).toEqual([reply.status ?? 200, undefined, reply.body ?? ''])
    const paused = await vi.waitUntil(() => pausedSeconds(instance))
    expect(paused).toBeGreaterThan(30)
    expect(paused).toBeLessThanOrEqual(42)
    const options = { headers: { 'elements-wait-timeout': '0' } }
    const next = await through(world, instance, 'GET', '/x', options)
    expect([next.status, next.code]).toEqual([429, 'limit-wait-over'])
    expect(Number(next.headers['retry-after'])).toBeGreaterThan(0)
    expect(vendor.received).toHaveLength(1)
  })
})

describe('nothing is paused', () => {
  test.each<[string, string, Reply]>([
    ['a vendor that is broken', 'counting', { status: 503, headers: { 'retry-after': '40' } }],
    [
      'a marker that another element has',
      'counting',
      { status: 403, headers: { 'x-quota': 'over' } },
    ],
    ['half a marker', 'marking', { status: 403, headers: { 'x-quota': 'low' } }],
    ['another body', 'marking', { body: '{"error":{"code":"OTHER"}}' }],
  ])('by %s', async (_, element, given) => {
    const instance = await connect(element, perDay(1000))
    reply = given
    expect((await through(world, instance, 'GET', '/x')).code).toBe(undefined)
    expect(await pausedSeconds(instance)).toBe(0)
    await through(world, instance, 'GET', '/x')
    expect(vendor.received).toHaveLength(2)
  })

  test('where there is no limit: the answer goes on, and the next call too', async () => {
    const instance = await connect('counting')
    reply = { status: 429, headers: { 'retry-after': '40' } }
    for (let count = 0; count < 2; count += 1) {
      const answer = await through(world, instance, 'GET', '/x')
      expect([answer.status, answer.code, answer.headers.ratelimit]).toEqual([
        429,
        undefined,
        undefined,
      ])
    }
    expect(vendor.received).toHaveLength(2)
  })
})

const noWait = { 'elements-wait-timeout': '0' }

test('what the limits leave is told with each answer, and beyond them is a refusal of ours', async () => {
  reply = {}
  const instance = await connect('counting', perDay(2))
  const first = await through(world, instance, 'GET', '/x')
  expect(first.headers['ratelimit-policy']).toBe('"latchkey-day";q=2;w=86400')
  expect(first.headers.ratelimit).toMatch(/^"latchkey-day";r=1;t=\d+$/)
  await through(world, instance, 'GET', '/x')
  const refused = await through(world, instance, 'GET', '/x', { headers: noWait })
  expect([refused.status, refused.code]).toEqual([429, 'limit-wait-over'])
  expect(vendor.received).toHaveLength(2)
})

describe('a higher limit lets calls start that wait already, though no other call comes', () => {
  const waitingFor = async (instance: { authorization: string }) => {
    reply = {}
    await through(world, instance, 'GET', '/x')
    const waiting = through(world, instance, 'GET', '/x')
    const { limited } = await world.context.connections.of(instance.authorization)
    await vi.waitUntil(() => world.context.limiter.waitingHere(limited!) === 1)
    return { waiting }
  }

  test('of the instance itself', async () => {
    const instance = await connect('counting', perDay(1))
    const { waiting } = await waitingFor(instance)
    const body = { settings: perDay(2) }
    expect((await call(world, 'PATCH', `/instances/${instance.id}`, { body })).status).toBe(200)
    expect((await waiting).code).toBe(undefined)
  })

  test('that instances share', async () => {
    const terms = (amount: number) => ({ name: 'Daily', windows: [{ amount, unit: 'day' }] })
    const made = await call(world, 'POST', '/rate-limits', { body: terms(1) })
    const { waiting } = await waitingFor(await connect('counting', { rateLimitId: made.body.id }))
    const path = `/rate-limits/${made.body.id}`
    expect((await call(world, 'PUT', path, { body: terms(2) })).status).toBe(200)
    expect((await waiting).code).toBe(undefined)
  })
})

describe('calls that wait go on by what limits their instance since it changed', () => {
  /** One that waits for an hour, were it for what limits its instance now. */
  const waitingOf = async (settings: object) => {
    const instance = await connect('counting', settings)
    reply = {}
    await through(world, instance, 'GET', '/x')
    const waiting = through(world, instance, 'GET', '/x')
    await vi.waitUntil(() => waitingHere(instance) === 1)
    return { instance, waiting }
  }
  const waitingHere = ({ id }: { id: number }) =>
    world.context.limiter.waitingOf(world.organizationId, id)
  const change = async ({ id }: { id: number }, settings: object) => {
    const { status } = await call(world, 'PATCH', `/instances/${id}`, { body: { settings } })
    expect(status).toBe(200)
  }
  const share = async (amount: number) => {
    const body = { name: 'Hourly', windows: [{ amount, unit: 'hour' }] }
    return { rateLimitId: (await call(world, 'POST', '/rate-limits', { body })).body.id }
  }

  test('by a shared limit in the place of their own', async () => {
    const { instance, waiting } = await waitingOf(perDay(1))
    await change(instance, { ...(await share(1)), rateLimits: null })
    const { code, headers } = await waiting
    expect([code, headers['ratelimit-policy']]).toEqual([undefined, '"latchkey-hour";q=1;w=3600'])
    const next = await through(world, instance, 'GET', '/x', { headers: noWait })
    expect(next.code).toBe('limit-wait-over')
  })

  test('by another shared limit', async () => {
    const { instance, waiting } = await waitingOf(await share(1))
    await change(instance, await share(5))
    expect((await waiting).headers['ratelimit-policy']).toBe('"latchkey-hour";q=5;w=3600')
  })

  test('by none: they start', async () => {
    const { instance, waiting } = await waitingOf(perDay(1))
    await change(instance, { rateLimits: null })
    const { code, headers } = await waiting
    expect([code, headers['ratelimit-policy']]).toEqual([undefined, undefined])
  })

  test('by one that is used up: they wait for that one, and leave with their clients', async () => {
    const used = await share(1)
    await through(world, await connect('counting', used), 'GET', '/x')
    const instance = await connect('counting', perDay(1))
    reply = {}
    await through(world, instance, 'GET', '/x')
    const leaving = new AbortController()
    const waiting = through(world, instance, 'GET', '/x', { signal: leaving.signal })
    waiting.catch(() => {})
    await vi.waitUntil(() => waitingHere(instance) === 1)
    await change(instance, { ...used, rateLimits: null })
    const { limited } = await world.context.connections.of(instance.authorization)
    expect(limited!.budget!.name).toBe(`shared/${used.rateLimitId}`)
    await vi.waitUntil(() => world.context.limiter.waitingHere(limited!) === 1)
    leaving.abort()
    await expect(waiting).rejects.toThrow()
    await vi.waitUntil(() => waitingHere(instance) === 0)
    expect(world.context.limiter.counts.waiting).toBe(0)
  })

  test('what does not concern limits leaves them where they are', async () => {
    const { instance, waiting } = await waitingOf(perDay(1))
    const body = { name: 'Other' }
    expect((await call(world, 'PATCH', `/instances/${instance.id}`, { body })).status).toBe(200)
    expect(waitingHere(instance)).toBe(1)
    await change(instance, perDay(2))
    expect((await waiting).code).toBe(undefined)
  })
})

describe('limits that the vendor tells of in the same fields', () => {
  test('stand after ours, as members of one list', async () => {
    const instance = await connect('counting', perDay(5))
    const theirs = { policy: '"day";q=900;w=86400;pk=:YQ==:', limit: '"day";r=80;t=77' }
    const headers = { 'ratelimit-policy': theirs.policy, ratelimit: theirs.limit }
    reply = { headers }
    const answer = await through(world, instance, 'GET', '/x')
    expect(answer.headers['ratelimit-policy']).toBe(`"latchkey-day";q=5;w=86400, ${theirs.policy}`)
    expect(answer.headers.ratelimit).toMatch(/^"latchkey-day";r=4;t=\d+, "day";r=80;t=77$/)
    reply = { headers: { ratelimit: ['"a";r=1;t=1', '"b";r=2;t=2'] } }
    const several = await through(world, instance, 'GET', '/x')
    expect(several.headers['ratelimit-policy']).toBe('"latchkey-day";q=5;w=86400')
    expect(several.headers.ratelimit).toMatch(
      /^"latchkey-day";r=3;t=\d+, "a";r=1;t=1, ?"b";r=2;t=2$/,
    )
  })

  test.each([
    [{ ratelimit: 'limit=100, remaining=50, reset=5' }],
    [{ 'ratelimit-policy': '100;w=60' }],
    [{ ratelimit: '"day";r=1', 'ratelimit-policy': '"unfinished' }],
  ])('go on alone where no list could hold both: %j', async (headers) => {
    const instance = await connect('counting', perDay(5))
    reply = { headers }
    const answer = await through(world, instance, 'GET', '/x')
    const { ratelimit, 'ratelimit-policy': policy } = answer.headers
    expect({ ratelimit, 'ratelimit-policy': policy }).toEqual({
      ratelimit: undefined,
      'ratelimit-policy': undefined,
      ...headers,
    })
  })

  test('go on as they are where we have none', async () => {
    const instance = await connect('counting')
    reply = { headers: { ratelimit: ['"a";r=1;t=1', '"b";r=2;t=2'] } }
    const answer = await through(world, instance, 'GET', '/x')
    expect(answer.headers.ratelimit).toEqual(['"a";r=1;t=1', '"b";r=2;t=2'])
  })
})

test('each time that a call is sent again it waits for its turn', async () => {
  reply = { status: 503 }
  const instance = await connect('counting', perDay(2))
  const headers = { 'elements-retry': '5', 'elements-wait-timeout': '4' }
  const answer = await through(world, instance, 'GET', '/x', { headers })
  expect([answer.status, answer.code]).toEqual([429, 'limit-wait-over'])
  expect([vendor.received.length, answer.headers['elements-attempts']]).toEqual([2, '2'])
})

test('the answer to a challenge takes a turn of its own', async () => {
  reply = {
    status: 401,
    headers: { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' },
  }
  const instance = await connect('asking', perDay(1))
  const answer = await through(world, instance, 'GET', '/x', { headers: noWait })
  expect(answer.code).toBe('limit-wait-over')
  expect(vendor.received).toHaveLength(1)
})

test('one that may have one call in flight has no second until the first is over', async () => {
  const instance = await connect('single')
  const { promise, resolve } = Promise.withResolvers<Reply>()
  vendor.answer = ({ target }) => (target === '/slow' ? promise : { body: 'quick' })
  const slow = through(world, instance, 'GET', '/slow')
  await vi.waitUntil(() => vendor.received.length === 1)
  const refused = await through(world, instance, 'GET', '/x', { headers: noWait })
  expect(refused.code).toBe('limit-wait-over')
  const waiting = through(world, instance, 'GET', '/x')
  resolve({ body: 'slow' })
  expect([(await slow).text, (await waiting).text]).toEqual(['slow', 'quick'])
  expect(vendor.received.map(({ target }) => target)).toEqual(['/slow', '/x'])
})

test('a call that holds its place for longer than its pool allows is ended, and says why', async () => {
  const terms = { name: 'Short', limit: 1, waitTimeout: 10, holdTimeout: 1 }
  const pool = await call(world, 'POST', '/connection-pools', { body: terms })
  expect(pool.status).toBe(200)
  const instance = await connect('counting', { connectionPoolId: pool.body.id })
  vendor.answer = () => new Promise<Reply>(() => {})
  const held = await through(world, instance, 'GET', '/x')
  expect([held.status, held.code]).toEqual([504, 'vendor-late'])
  expect(held.message).toContain('connection pool')
  vendor.answer = () => ({ body: 'next' })
  expect((await through(world, instance, 'GET', '/x')).text).toBe('next')
})

test('a call that fails gives its place back', async () => {
  const instance = await connect('single')
  for (let count = 0; count < 3; count += 1) {
    const left = new AbortController()
    vendor.answer = () => new Promise<Reply>(() => {})
    const calling = through(world, instance, 'GET', '/x', { signal: left.signal })
    await vi.waitUntil(() => vendor.received.length === count + 1)
    left.abort()
    await expect(calling).rejects.toThrow()
  }
  vendor.answer = () => ({ body: 'after all' })
  expect((await through(world, instance, 'GET', '/x')).text).toBe('after all')
})
