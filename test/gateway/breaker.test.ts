import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Breakers } from '../../src/gateway/breaker.ts'
import { listen, listenTcp } from '../egress/listener.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'

const definitions = [elementWith(9681, { type: 'none', name: 'Fragile' } as never)]

let world: World

beforeAll(async () => {
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

const connect = (server: string) => instanceOf(world, 'fragile', { server })

async function codes(instance: { authorization: string }, count: number, method = 'GET') {
  const found: (string | undefined)[] = []
  for (let at = 0; at < count; at += 1) {
    found.push((await through(world, instance, method, '/x')).code)
  }
  return found
}

test('after five calls without an answer a vendor is left alone, by that instance alone', async () => {
  let connections = 0
  await using resetting = await listenTcp((socket) => {
    connections += 1
    socket.once('data', () => socket.resetAndDestroy())
  })
  const [one, other] = [await connect(resetting.origin), await connect(resetting.origin)]
  expect(await codes(one, 5)).toEqual(Array(5).fill('vendor-unreachable'))
  const suspended = await through(world, one, 'GET', '/x')
  expect([suspended.status, suspended.code]).toEqual([503, 'vendor-suspended'])
  expect(Number(suspended.headers['retry-after'])).toBeGreaterThan(0)
  expect(Number(suspended.headers['retry-after'])).toBeLessThanOrEqual(10)
  expect(suspended.message).toContain('127.0.0.1')
  expect(connections).toBe(5)
  expect(await codes(other, 1)).toEqual(['vendor-unreachable'])
  const state = world.context.breakers.states(`${world.organizationId}/${one.id}`)
  expect(state).toMatchObject([{ state: 'open', failures: 5, inFlight: 0 }])
})

test.each([401, 404, 429, 500, 502, 503, 504])(
  'an answer with status %i is one: the vendor is there',
  async (status) => {
    await using vendor = await listen((_, response) => response.writeHead(status).end())
    const instance = await connect(vendor.origin)
    expect(await codes(instance, 7)).toEqual(Array(7).fill(undefined))
  },
)

test('an answer between failures begins the count anew', async () => {
  let count = 0
  await using vendor = await listen((request, response) => {
    count += 1
    if (count % 5 === 0) response.end('here')
    else request.socket.resetAndDestroy()
  })
  const instance = await connect(vendor.origin)
  const found = await codes(instance, 14, 'POST')
  expect(found).not.toContain('vendor-suspended')
})

test('a client that leaves says nothing of the vendor', async () => {
  let came = 0
  await using vendor = await listen(() => {
    came += 1
  })
  const instance = await connect(vendor.origin)
  for (let at = 1; at <= 7; at += 1) {
    const left = new AbortController()
    const calling = through(world, instance, 'GET', '/x', { signal: left.signal })
    await vi.waitUntil(() => came === at)
    left.abort()
    await expect(calling).rejects.toThrow()
  }
  const name = `${world.organizationId}/${instance.id}`
  await vi.waitUntil(() => world.context.breakers.states(name)[0]!.inFlight === 0)
  expect(world.context.breakers.states(name)).toMatchObject([{ state: 'closed', failures: 0 }])
})

describe('a circuit', () => {
  const origin = new URL('https://vendor.example')
  const open = (breakers = new Breakers()) => {
    const circuit = breakers.of('1/2', origin)
    for (let at = 0; at < 5; at += 1) {
      const flight = circuit.start()
      flight.failed('late')
      flight.end()
    }
    return circuit
  }
  const suspended = expect.objectContaining({ code: 'vendor-suspended' })

  test('lets one call through after its rest, and closes when that is answered', () => {
    using _ = fakeClock()
    const circuit = open()
    expect(() => circuit.check()).toThrow(suspended)
    vi.advanceTimersByTime(9_999)
    expect(() => circuit.start()).toThrow(suspended)
    vi.advanceTimersByTime(1)
    expect(circuit.state).toMatchObject({ state: 'half-open', retryAfter: 1 })
    const trial = circuit.start()
    expect(() => circuit.start()).toThrow(suspended)
    trial.answered()
    expect(circuit.state).toMatchObject({ state: 'closed', failures: 0, inFlight: 1 })
    trial.end()
    trial.end()
    expect(circuit.state.inFlight).toBe(0)
  })

  test('rests longer each time, a minute at most', () => {
    using _ = fakeClock()
    const circuit = open()
    const rests: (number | undefined)[] = []
    for (let at = 0; at < 5; at += 1) {
      const { retryAfter } = circuit.state
      rests.push(retryAfter)
      vi.advanceTimersByTime(retryAfter! * 1000)
      const trial = circuit.start()
      trial.failed('refused')
      trial.end()
    }
    expect(rests).toEqual([10, 20, 40, 60, 60])
  })

  test('takes another trial where the one was given up', () => {
    using _ = fakeClock()
    const circuit = open()
    vi.advanceTimersByTime(10_000)
    const trial = circuit.start()
    trial.failed('aborted')
    trial.end()
    expect(() => circuit.check()).not.toThrow()
  })

  test('does not count what says nothing of the vendor', () => {
    const circuit = new Breakers().of('1/2', origin)
    for (const kind of ['aborted', 'unsendable', 'forbidden', 'too-large', 'redirect'] as const) {
      for (let at = 0; at < 9; at += 1) circuit.start().failed(kind)
    }
    expect(circuit.state).toMatchObject({ state: 'closed', failures: 0 })
  })

  test('has room for a thousand calls at once, and says so to the next', () => {
    const breakers = new Breakers()
    const circuit = breakers.of('1/2', origin)
    const flights = Array.from({ length: 1000 }, () => circuit.start())
    expect(() => circuit.check()).toThrow(expect.objectContaining({ code: 'calls-busy' }))
    expect(() => breakers.of('1/3', origin).check()).not.toThrow()
    flights[0]!.end()
    expect(() => circuit.check()).not.toThrow()
  })

  test('has room for a thousand together with those that wait for a login', () => {
    const circuit = new Breakers().of('1/2', origin)
    const leaves = Array.from({ length: 999 }, () => circuit.hold())
    const flight = circuit.start()
    expect(() => circuit.hold()).toThrow(expect.objectContaining({ code: 'calls-busy' }))
    expect(() => circuit.start()).toThrow(expect.objectContaining({ code: 'calls-busy' }))
    for (const leave of leaves) leave()
    flight.end()
    expect(circuit.state).toMatchObject({ state: 'closed', failures: 0, inFlight: 0 })
  })

  test('is one for each instance and host, of which so many are remembered', () => {
    const breakers = new Breakers()
    expect(open(breakers)).toBe(breakers.of('1/2', new URL('https://vendor.example/other')))
    expect(breakers.of('1/2', new URL('https://vendor.example:8443')).state.state).toBe('closed')
    expect(breakers.states('1/2').map(({ host }) => host)).toHaveLength(2)
    for (let at = 0; at < 10_001; at += 1) breakers.of(`2/${at}`, origin)
    expect(breakers.states('1/2')).toEqual([])
  })
})

function fakeClock(): Disposable {
  vi.useFakeTimers({ toFake: ['performance'] })
  return { [Symbol.dispose]: () => vi.useRealTimers() }
}

test('one that hangs does not keep the calls of others waiting', async () => {
  const held: { end(): void }[] = []
  await using hanging = await listen((_, response) => void held.push(response))
  await using quick = await listen((_, response) => response.end('quick'))
  const [slow, fast] = [await connect(hanging.origin), await connect(quick.origin)]
  const left = new AbortController()
  const waiting = Array.from({ length: 300 }, () =>
    through(world, slow, 'GET', '/x', { signal: left.signal }).catch(() => 'left'),
  )
  await vi.waitUntil(() => held.length === 300, { timeout: 20_000 })
  expect(await codes(fast, 20)).toEqual(Array(20).fill(undefined))
  left.abort()
  await Promise.all(waiting)
})
