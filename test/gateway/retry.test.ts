import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { pauseBefore } from '../../src/gateway/retry.ts'
import { listen, listenTcp } from '../egress/listener.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'
import { type GatewayVendor, type Reply, startGatewayVendor } from './types-vendor.ts'

const nobody = (name: string) => ({ type: 'none', name })
const definitions = [
  elementWith(9671, nobody('Often')),
  elementWith(9672, nobody('Knowing'), {
    settings: { retries: 2 },
    gateway: { idempotencyHeader: 'Idempotency-Key' },
  }),
]

let world: World
let vendor: GatewayVendor
let replies: Reply[] = []

beforeAll(async () => {
  vendor = await startGatewayVendor()
  vendor.answer = () => replies.shift() ?? { body: 'at last' }
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(() => {
  vendor.received.splice(0)
  replies = []
})

const busy: Reply = { status: 503, body: 'busy' }
const retry = (count: number, more: object = {}) => ({
  headers: { 'elements-retry': String(count), ...more },
})
const connect = (element = 'often', settings: object = {}) =>
  instanceOf(world, element, { server: vendor.url }, settings)

describe('is not sent again', () => {
  test('what nobody asked for', async () => {
    replies = [busy]
    const answer = await through(world, await connect(), 'GET', '/x')
    expect([answer.status, answer.text, vendor.received.length]).toEqual([503, 'busy', 1])
    expect(answer.headers['elements-attempts']).toBe(undefined)
  })

  test.each(['POST', 'PATCH'])('a %s, that may have done its work', async (method) => {
    replies = [busy]
    const answer = await through(world, await connect(), method, '/x', { ...retry(3), body: 'x' })
    expect([answer.status, vendor.received.length]).toEqual([503, 1])
    expect(answer.headers['elements-attempts']).toBe('1')
  })

  test.each([400, 401, 404, 409, 500, 501])('what was answered with status %i', async (status) => {
    replies = [{ status }]
    const answer = await through(world, await connect(), 'GET', '/x', retry(3))
    expect([answer.status, vendor.received.length]).toEqual([status, 1])
  })

  test('what streams', async () => {
    replies = [busy]
    const body = Readable.from([Buffer.from('abc')])
    const answer = await through(world, await connect(), 'PUT', '/x', { ...retry(3), body })
    expect([answer.status, vendor.received.length]).toEqual([503, 1])
  })

  test('what the vendor wants later than the call may wait for', async () => {
    replies = [{ status: 429, headers: { 'retry-after': '60' }, body: 'slow down' }]
    const answer = await through(world, await connect(), 'GET', '/x', {
      ...retry(3, { 'elements-wait-timeout': '5' }),
    })
    expect([answer.status, answer.text, answer.code]).toEqual([429, 'slow down', undefined])
    expect(answer.headers['retry-after']).toBe('60')
    expect(vendor.received).toHaveLength(1)
  })

  test.each([
    ['elements-retry', '6'],
    ['elements-retry', '-1'],
    ['elements-retry', 'three'],
    ['elements-retry', ''],
    ['elements-wait-timeout', '3601'],
    ['elements-wait-timeout', '-1'],
    ['elements-wait-timeout', '1e3'],
    ['elements-wait-timeout', 'long'],
  ])('a call with %s: %j, which is refused', async (name, value) => {
    const answer = await through(world, await connect(), 'GET', '/x', {
      headers: { [name]: value },
    })
    expect([answer.status, answer.code, vendor.received.length]).toEqual([
      400,
      'gateway-option-invalid',
      0,
    ])
  })

  test.each([-1, 6, 1.5, 'x'])('an instance has no setting of %j', async (retries) => {
    const body = {
      element: { key: 'often' },
      name: 'N',
      configuration: { server: vendor.url },
      settings: { retries },
    }
    const { status } = await call(world, 'POST', '/instances', { body })
    expect(status).toBe(400)
  })
})

describe('is sent again', () => {
  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])(
    'a %s, until it is answered well',
    async (method) => {
      replies = [busy, { status: 502 }]
      const answer = await through(world, await connect(), method, '/x?y=%20', retry(3))
      expect([answer.status, vendor.received.length]).toEqual([200, 3])
      expect(answer.headers['elements-attempts']).toBe('3')
      expect(new Set(vendor.received.map(({ target }) => target)).size).toBe(1)
    },
  )

  test('as often as was asked for, and the last answer stands', async () => {
    replies = [{ status: 429 }, { status: 504 }, { ...busy, headers: { 'x-own': '1' } }]
    const answer = await through(world, await connect(), 'GET', '/x', retry(2))
    expect([answer.status, answer.text, answer.headers['x-own']]).toEqual([503, 'busy', '1'])
    expect([answer.code, answer.headers['elements-attempts']]).toEqual([undefined, '3'])
  })

  test('what the settings of the instance or the element say, unless the call says otherwise', async () => {
    replies = [busy]
    const own = await connect('often', { retries: 1 })
    expect((await through(world, own, 'GET', '/x')).status).toBe(200)
    replies = [busy]
    expect((await through(world, await connect('knowing'), 'GET', '/x')).status).toBe(200)
    replies = [busy]
    expect((await through(world, own, 'GET', '/x', retry(0))).status).toBe(503)
  })

  test('a small body, byte for byte', async () => {
    replies = [busy]
    const body = Buffer.from([0xff, 0, 0x80])
    const answer = await through(world, await connect(), 'PUT', '/x', { ...retry(1), body })
    expect(answer.status).toBe(200)
    expect(vendor.received.map((one) => one.body.equals(body))).toEqual([true, true])
  })

  test('a POST by whose key the vendor knows that it is the same', async () => {
    const knowing = await connect('knowing')
    replies = [busy]
    const keyed = { headers: { 'idempotency-key': '1' }, body: 'x' }
    expect((await through(world, knowing, 'POST', '/x', keyed)).status).toBe(200)
    replies = [busy]
    expect((await through(world, knowing, 'POST', '/x', { body: 'x' })).status).toBe(503)
  })

  test('when the vendor wants it again', async () => {
    replies = [{ status: 429, headers: { 'retry-after': '1' } }]
    const since = performance.now()
    expect((await through(world, await connect(), 'GET', '/x', retry(1))).status).toBe(200)
    expect(performance.now() - since).toBeGreaterThanOrEqual(990)
  })

  test('a POST of which no byte was sent, and the stream that it has for a body', async () => {
    await using gone = await listen(() => {})
    const { port } = gone
    const instance = await instanceOf(world, 'often', { server: gone.origin })
    await gone[Symbol.asyncDispose]()
    const body = Readable.from([Buffer.from('abc')])
    const answering = through(world, instance, 'POST', '/x', { ...retry(5), body })
    const bodies: string[] = []
    await using _ = await listen(
      async (request, response) => {
        let text = ''
        for await (const chunk of request) text += chunk
        bodies.push(text)
        response.end('here again')
      },
      '127.0.0.1',
      port,
    )
    const answer = await answering
    expect([answer.status, answer.text, bodies]).toEqual([200, 'here again', ['abc']])
  })
})

test('a failure says how often it was tried', async () => {
  let connections = 0
  await using resetting = await listenTcp((socket) => {
    connections += 1
    socket.once('data', () => socket.resetAndDestroy())
  })
  const instance = await instanceOf(world, 'often', { server: resetting.origin })
  const answer = await through(world, instance, 'GET', '/x', retry(2))
  expect([answer.status, answer.code, connections]).toEqual([502, 'vendor-unreachable', 3])
  expect(answer.headers['elements-attempts']).toBe('3')
  expect((await through(world, instance, 'POST', '/x', { ...retry(2), body: 'x' })).status).toBe(
    502,
  )
  expect(connections).toBe(4)
})

test('a client that leaves is not waited for', async () => {
  replies = [{ status: 503, headers: { 'retry-after': '2' } }]
  const left = new AbortController()
  const calling = through(world, await connect(), 'GET', '/x', { ...retry(3), signal: left.signal })
  while (vendor.received.length === 0) await new Promise(setImmediate)
  left.abort()
  await expect(calling).rejects.toThrow()
  await through(world, await connect('often'), 'GET', '/y')
  expect(vendor.received.map(({ target }) => target)).toEqual(['/x', '/y'])
})

test('pauses grow, differ, and are never shorter than the vendor wants', () => {
  expect([1, 2, 3].map((round) => pauseBefore(round, undefined, 1))).toEqual([500, 1000, 2000])
  expect(pauseBefore(1, undefined, 0)).toBe(250)
  expect(pauseBefore(20, undefined, 1)).toBe(20_000)
  expect(pauseBefore(1, 7, 0)).toBe(7000)
  expect(pauseBefore(1, 7, 1)).toBeGreaterThan(7000)
})
