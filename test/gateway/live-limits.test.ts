import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'
import { type GatewayVendor, startGatewayVendor } from './types-vendor.ts'

let world: World
let vendor: GatewayVendor
let hanging: (() => void)[] = []

beforeAll(async () => {
  vendor = await startGatewayVendor()
  world = await startWorld({
    definitions: [
      elementWith(9681, { type: 'none', name: 'Plain' } as object & { name: string }),
      elementWith(9682, { type: 'none', name: 'Narrow' } as object & { name: string }, {
        settings: { concurrency: 2 },
      }),
    ],
    allow: ['127.0.0.1'],
  })
})
beforeEach(async () => {
  hanging = []
  world = Object.assign(world, await world.addOrganization())
  vendor.answer = () => ({ body: 'ok' })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

type Caller = World & { authorization: string }
const connect = (settings: object, element = 'plain', as: object = {}) =>
  instanceOf({ ...world, ...as } as Caller, element, { server: vendor.url }, settings)
const limitsOf = (id: number, as: object = {}) =>
  call({ ...world, ...as } as Caller, 'GET', `/instances/${id}/limits`)

describe('of an instance', () => {
  test('without any there is nothing to see', async () => {
    const { id } = await connect({})
    expect((await limitsOf(id)).body).toEqual({
      rateLimit: null,
      connectionPools: [],
      waitingHere: 0,
      vendors: [],
    })
  })

  test('the windows say what is used, what is left, and who waits', async () => {
    const windows = [
      { amount: 1, unit: 'hour' },
      { amount: 9, unit: 'day' },
    ]
    const instance = await connect({ rateLimits: windows })
    await through(world, instance, 'GET', '/one')
    const once = (await limitsOf(instance.id)).body
    expect(once.rateLimit).toMatchObject({ waiting: 0, longestWaitSeconds: 0, pausedSeconds: 0 })
    expect(once.rateLimit.windows).toMatchObject([
      { amount: 1, periodSeconds: 3600 },
      { amount: 9, periodSeconds: 86_400 },
    ])
    for (const { amount, used, remaining } of once.rateLimit.windows) {
      expect(used).toBeGreaterThan(0)
      expect(remaining).toBe(amount - used)
    }
    expect(once.rateLimit.windows[0].resetSeconds).toBeGreaterThan(3000)
    const leaving = new AbortController()
    const left = through(world, instance, 'GET', '/two', { signal: leaving.signal }).catch(
      () => 'left',
    )
    await until(async () => (await limitsOf(instance.id)).body.rateLimit.waiting === 1)
    const full = (await limitsOf(instance.id)).body
    expect(full.waitingHere).toBe(1)
    expect(full.rateLimit.windows[0].remaining).toBe(0)
    leaving.abort()
    expect(await left).toBe('left')
  })

  test('a pause that the vendor has asked for is seen', async () => {
    const instance = await connect({ rateLimits: [{ amount: 100, unit: 'minute' }] })
    vendor.answer = () => ({ status: 429, headers: { 'retry-after': '600' } })
    await through(world, instance, 'GET', '/x')
    await until(async () => (await limitsOf(instance.id)).body.rateLimit.pausedSeconds > 500)
    expect((await limitsOf(instance.id)).body.rateLimit.windows[0].remaining).toBe(0)
  })

  test('what its element allows for at once is seen, with the calls in flight', async () => {
    const instance = await connect({}, 'narrow')
    vendor.answer = () => new Promise((resolve) => hanging.push(() => resolve({ body: 'ok' })))
    const calls = [1, 2].map((n) => through(world, instance, 'GET', `/${n}`))
    await until(() => hanging.length === 2)
    await until(async () => (await limitsOf(instance.id)).body.connectionPools[0].inUse === 2)
    // Who holds what is told a moment later.
    const holders = async () => (await limitsOf(instance.id)).body.connectionPools[0].holders
    await until(async () => (await holders())[0]?.calls === 2)
    const { body } = await limitsOf(instance.id)
    expect(body.connectionPools).toMatchObject([
      { limit: 2, holders: [{ id: instance.id, name: 'N', calls: 2 }] },
    ])
    expect(body.vendors).toMatchObject([
      { host: new URL(vendor.url).host, state: 'closed', inFlight: 2 },
    ])
    for (const answer of hanging) answer()
    await Promise.all(calls)
  })

  test('another organization and another user do not find it; an admin does', async () => {
    const colleague = await addColleague(world)
    const theirs = await connect({}, 'plain', colleague)
    const own = await connect({})
    expect((await limitsOf(theirs.id)).status).toBe(200)
    for (const [id, as] of [
      [own.id, colleague],
      [own.id, await world.addOrganization()],
    ] as const) {
      const { status, body } = await limitsOf(id, as)
      expect([status, body.code]).toEqual([404, 'instance-not-found'])
    }
  })
})

describe('of what is shared', () => {
  test('a pool names the instances that the caller may see, and counts the others', async () => {
    const made = await call(world, 'POST', '/connection-pools', {
      body: { name: 'Import', limit: 5, shared: true },
    })
    const path = `/connection-pools/${made.body.id}`
    const settings = { connectionPoolId: made.body.id }
    const colleague = await addColleague(world)
    const mine = await connect(settings)
    const theirs = await connect(settings, 'plain', colleague)
    vendor.answer = () => new Promise((resolve) => hanging.push(() => resolve({ body: 'ok' })))
    const calls = [mine, theirs, theirs].map((one) => through(world, one, 'GET', '/'))
    const live = async (as: object = {}) =>
      (await call({ ...world, ...as } as Caller, 'GET', path)).body.live
    await until(async () => (await live()).inUse === 3)
    const told = ({ holders }: { holders: { calls: number }[] }) =>
      holders.reduce((sum, { calls }) => sum + calls, 0)
    await until(async () => told(await live()) === 3)
    expect((await live()).holders).toHaveLength(2)
    expect(await live(colleague)).toMatchObject({
      inUse: 3,
      waiting: 0,
      longestWaitSeconds: 0,
      holders: [{ id: theirs.id, name: 'N', calls: 2 }],
      otherHolders: { instances: 1, calls: 1 },
    })
    for (const answer of hanging) answer()
    await Promise.all(calls)
    await until(async () => (await live()).inUse === 0)
  })

  test('a rate limit says what all that name it have used', async () => {
    const made = await call(world, 'POST', '/rate-limits', {
      body: { name: 'Contract', windows: [{ amount: 100, unit: 'day' }] },
    })
    const settings = { rateLimitId: made.body.id }
    for (const instance of [await connect(settings), await connect(settings)]) {
      await through(world, instance, 'GET', '/')
    }
    const { live } = (await call(world, 'GET', `/rate-limits/${made.body.id}`)).body
    expect(live).toMatchObject({ waiting: 0, pausedSeconds: 0 })
    expect(live.windows).toMatchObject([{ amount: 100, periodSeconds: 86_400 }])
    expect(live.windows[0].used).toBeGreaterThanOrEqual(2)
  })
})
