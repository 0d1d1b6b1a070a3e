import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openSecret } from '../support/oauth-elements.ts'
import { startTokenServer, type TokenServer } from '../support/token-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { connect, definitions, endIn, get, jobsOf, lifeOf } from './instances.ts'

let world: World
let vendor: TokenServer

beforeAll(async () => {
  vendor = await startTokenServer()
  world = await startWorld({ definitions, allow: ['127.0.0.1'], probeDeadlineMs: 2_000 })
})
beforeEach(() => {
  Object.assign(vendor, { rotates: true, lifeSeconds: 3600, next: [] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const ok = { status: 200, body: { ok: true } }

describe('a vendor whose tokens hardly live', () => {
  test.each([0.001, '1e-9'])('as long as %s is asked once for each call', async (life) => {
    const key = await connect(world, vendor)
    await endIn(world, key, -1)
    vendor.lifeSeconds = life as number
    expect(await get(world, key, vendor)).toEqual(ok)
    expect(vendor.asked).toHaveLength(1)
    expect(await get(world, key, vendor)).toEqual(ok)
    expect(vendor.asked).toHaveLength(2)
  })

  test('is asked no more often than somebody comes, however many come at once', async () => {
    const key = await connect(world, vendor)
    await endIn(world, key, -1)
    vendor.lifeSeconds = 0.001
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(world, key, vendor)))
    expect(answers).toEqual(Array.from({ length: 20 }, () => ok))
    expect(vendor.asked.length).toBeLessThanOrEqual(20)
  })

  test.each([0.001, 1])(
    'as long as %s is not asked again and again in the background',
    async (life) => {
      const key = await connect(world, vendor)
      await endIn(world, key, -1)
      vendor.lifeSeconds = life
      expect(await get(world, key, vendor)).toEqual(ok)
      const [job] = await jobsOf(world, key)
      expect(job?.starts_in).toBeGreaterThan(20)
    },
  )
})

describe('an end that is none', () => {
  test.each([0, -5, '-1', 'soon', {}, [], '', 'NaN'])(
    'such as %j is not known: the token is used until the vendor refuses it',
    async (life) => {
      const key = await connect(world, vendor)
      await endIn(world, key, -1)
      vendor.lifeSeconds = life as number
      for (let times = 0; times < 3; times += 1) expect(await get(world, key, vendor)).toEqual(ok)
      expect(vendor.asked).toHaveLength(1)
      expect(await lifeOf(world, key)).toMatchObject({ version: 2, expires_at: null })
    },
  )
})

describe('a refresh token that the vendor replaces', () => {
  const rotated = (text: unknown) => [
    (grant: () => object) => {
      const reply = grant() as { body: object }
      vendor.usable.add(String(text))
      return { ...reply, body: { ...reply.body, refresh_token: text } }
    },
  ]
  const tokensOf = async (id: number) => JSON.parse(await openSecret(world, id, '$oauth'))

  test.each([
    ['x'.repeat(8193)],
    ['y'.repeat(16_000)],
    ['with spaces & "quotes" = %2B+ünïcödé 🗝'],
    ['line\nbreak and\ttab'],
  ])('is kept, whatever it looks like: %#', async (text) => {
    const key = await connect(world, vendor)
    await endIn(world, key, -1)
    vendor.next = rotated(text) as TokenServer['next']
    expect(await get(world, key, vendor)).toEqual(ok)
    expect((await tokensOf(key.instanceId)).refreshToken).toBe(text)
    await endIn(world, key, -1)
    expect(await get(world, key, vendor)).toEqual(ok)
    expect(new URLSearchParams(vendor.asked.at(-1)!.body).get('refresh_token')).toBe(text)
  })

  test.each(['', null, false, {}, []])('by %j is the one that there was', async (text) => {
    const key = await connect(world, vendor)
    const before = await tokensOf(key.instanceId)
    await endIn(world, key, -1)
    vendor.next = rotated(text) as TokenServer['next']
    expect(await get(world, key, vendor)).toEqual(ok)
    expect((await tokensOf(key.instanceId)).refreshToken).toBe(before.refreshToken)
  })

  test.each(['x'.repeat(70_000), 'nul\u0000-in-it'])(
    'by one that cannot be kept keeps the tokens as they are, and says so: %#',
    async (text) => {
      const key = await connect(world, vendor)
      const before = await tokensOf(key.instanceId)
      await endIn(world, key, -1)
      vendor.next = rotated(text) as TokenServer['next']
      await expect(get(world, key, vendor)).rejects.toMatchObject({ code: 'vendor-unexpected' })
      expect(await tokensOf(key.instanceId)).toEqual(before)
    },
  )
})
