import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { CheckAdmission } from '../../src/health/admission.ts'
import { call } from '../support/client.ts'
import { elementWithoutProbe } from '../support/elements.ts'
import { startWorld, type World } from '../support/world.ts'
import {
  comeToNext,
  definitions,
  look,
  nextIn,
  passHours,
  provision,
  startVendor,
  type Vendor,
} from './vendor.ts'

let world: World
let vendor: Vendor
beforeAll(async () => {
  vendor = await startVendor()
  world = await startWorld({
    definitions: [...definitions, elementWithoutProbe],
    allow: [new URL(vendor.url).host],
    probeDeadlineMs: 500,
  })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(async () => {
  world.context.checks = new CheckAdmission()
  vendor.reply = { status: 200 }
  await world.context.db.pool.query('update instances set check_at = null')
  vendor.received.splice(0)
})

const get = async (id: number) => (await call(world, 'GET', `/instances/${id}`)).body
const dayLater = async (id: number) => {
  await passHours(world, id, 25)
  await look(world)
}
const actionsOn = async (id: number) => {
  const { rows } = await world.context.db.pool.query(
    `select action, actor, user_id, owner_id from audit_entries
     where organization_id = $1 and instance_id = $2 and action <> 'instance.created'
     order by id`,
    [world.organizationId, id],
  )
  return rows.map((row) => [row.action, row.actor])
}

describe('a good instance', () => {
  test('is looked at not long after it was stored, and its vendor is not asked then', async () => {
    const id = await provision(world, vendor)
    const first = await nextIn(world, id)
    expect(first).toBeGreaterThan(0.4)
    expect(first).toBeLessThan(1.6)
    vendor.received.splice(0)
    await comeToNext(world, id)
    await look(world)
    expect(vendor.received).toEqual([])
    const next = await nextIn(world, id)
    expect(next).toBeGreaterThan(24 * 0.8)
    expect(next).toBeLessThan(24 * 1.2)
    expect((await get(id)).lastCheck).toBeNull()
  })

  test('is tried again a day later, which counts as no change of it', async () => {
    const id = await provision(world, vendor)
    const before = await call(world, 'GET', `/instances/${id}`)
    await passHours(world, id, 25)
    await look(world)
    const { body, headers } = await call(world, 'GET', `/instances/${id}`)
    expect(headers.etag).toBe(before.headers.etag)
    expect(body).toEqual({
      ...before.body,
      verifiedAt: expect.any(String),
      lastCheck: { verdict: 'verified', at: expect.any(String), message: null },
    })
    expect(Date.parse(body.verifiedAt)).toBeGreaterThan(Date.parse(before.body.verifiedAt))
    expect(await nextIn(world, id)).toBeGreaterThan(24 * 0.8)
    expect(await actionsOn(id)).toEqual([])
  })

  test.each([
    ['hourly', 1.1, true],
    ['hourly', 0.2, false],
    ['daily', 12, false],
    ['never', 1000, false],
  ])('of the element "%s" is tried after %d hours: %s', async (key, hours, asked) => {
    const id = await provision(world, vendor, key)
    vendor.received.splice(0)
    await world.context.db.pool.query(
      `update instances set check_at = now() - interval '1 second', verified_at = now() - make_interval(secs => $2)
       where id = $1`,
      [id, hours * 3600],
    )
    await comeToNext(world, id)
    await look(world)
    expect(vendor.received.length > 0).toBe(asked)
    expect(await nextIn(world, id)).toBeGreaterThan(0)
  })

  test.each(['draft', 'disabled', 'failed'])('that is %s is left alone', async (state) => {
    const id = await provision(world, vendor, 'daily', { verify: state !== 'draft' })
    if (state === 'disabled') await call(world, 'DELETE', `/instances/${id}/enabled`)
    if (state === 'failed') {
      await world.context.db.pool.query("update instances set state = 'failed' where id = $1", [id])
      expect(await nextIn(world, id)).toBeNull()
    }
    vendor.received.splice(0)
    await dayLater(id)
    expect(vendor.received).toEqual([])
    expect(await nextIn(world, id)).toBeNull()
    if (state === 'disabled') await call(world, 'PUT', `/instances/${id}/enabled`)
    if (state !== 'disabled') await call(world, 'POST', `/instances/${id}/verify`)
    expect(await nextIn(world, id)).toBeGreaterThan(0.4)
  })

  test('whose element has no probe stays as it is', async () => {
    const body = { element: { key: 'quiet' }, name: 'N', configuration: { secret: 's' } }
    const { body: made } = await call(world, 'POST', '/instances', { body })
    await dayLater(made.id)
    expect(await get(made.id)).toEqual(made)
    expect(await nextIn(world, made.id)).toBeGreaterThan(24 * 0.8)
  })
})

describe('an instance that its vendor refuses', () => {
  test.each([
    [401, 'rejected', 'does not accept these credentials'],
    [403, 'insufficient', 'too few rights'],
  ])('three times in a row with %d, hours apart, has failed', async (status, verdict, words) => {
    const id = await provision(world, vendor)
    vendor.reply = { status }
    for (const [refused, least] of [
      [1, 3],
      [2, 16],
    ] as const) {
      await dayLater(id)
      expect(await get(id)).toMatchObject({
        state: 'verified',
        valid: true,
        stateReason: null,
        lastCheck: { verdict, message: expect.stringContaining(words) },
      })
      expect(await nextIn(world, id)).toBeGreaterThan(least)
      expect(vendor.received.filter(({ path }) => path === '/me')).toHaveLength(refused + 1)
    }
    await comeToNext(world, id)
    await look(world)
    const failed = await get(id)
    expect(failed).toMatchObject({ state: 'failed', valid: false, lastCheck: { verdict } })
    expect(failed.stateReason).toContain('refused the credentials 3 times')
    expect(failed.stateReason).toContain(words)
    expect(failed.stateReason).not.toContain('a-secret-of-the-vendor')
    expect(await actionsOn(id)).toEqual([['instance.failed', 'service']])
    expect(await nextIn(world, id)).toBeNull()
    const asked = vendor.received.length
    await look(world)
    expect(vendor.received).toHaveLength(asked)

    vendor.reply = { status: 200 }
    const healed = await call(world, 'POST', `/instances/${id}/verify`)
    expect(healed.body).toMatchObject({ state: 'verified', valid: true, lastCheck: null })
    const { body: states } = await call(world, 'GET', `/instances/${id}/states`)
    expect(states).toEqual([
      { state: 'verified', reason: null, since: healed.body.stateSince },
      { state: 'failed', reason: failed.stateReason, since: failed.stateSince },
    ])
    expect(await nextIn(world, id)).toBeGreaterThan(0.4)
    vendor.reply = { status }
    await dayLater(id)
    expect((await get(id)).state).toBe('verified')
  })

  test('has a history of fifty states, which goes with it', async () => {
    const id = await provision(world, vendor)
    const { pool } = world.context.db
    expect((await call(world, 'GET', `/instances/${id}/states`)).body).toEqual([])
    for (let at = 0; at < 60; at++) {
      const state = at % 2 === 0 ? 'failed' : 'verified'
      const change = 'update instances set state = $2, state_reason = $3 where id = $1'
      await pool.query(change, [id, state, `Reason ${at}`])
    }
    const { body } = await call(world, 'GET', `/instances/${id}/states`)
    expect(body.map(({ reason }: { reason: string }) => reason)).toEqual(
      Array.from({ length: 50 }, (_, at) => `Reason ${59 - at}`),
    )
    const kept = async () => {
      const count = 'select count(*)::int as kept from instance_states where instance_id = $1'
      return (await pool.query(count, [id])).rows[0].kept
    }
    expect(await kept()).toBe(50)
    await call(world, 'DELETE', `/instances/${id}`)
    const gone = await call(world, 'GET', `/instances/${id}/states`)
    expect([gone.status, gone.body.code, await kept()]).toEqual([404, 'instance-not-found', 0])
  })

  test('and accepts in between has not failed', async () => {
    const id = await provision(world, vendor)
    for (const status of [401, 401, 200, 401, 401]) {
      vendor.reply = { status }
      await dayLater(id)
    }
    expect(await get(id)).toMatchObject({ state: 'verified', lastCheck: { verdict: 'rejected' } })
  })

  test('fails whatever outage lies in between', async () => {
    const id = await provision(world, vendor)
    for (const status of [401, 500, 401, 503]) {
      vendor.reply = { status }
      await dayLater(id)
      expect((await get(id)).state).toBe('verified')
    }
    vendor.reply = { status: 401 }
    await dayLater(id)
    expect((await get(id)).state).toBe('failed')
  })

  test('begins anew with credentials that somebody has proved', async () => {
    const id = await provision(world, vendor)
    vendor.reply = { status: 401 }
    await dayLater(id)
    await dayLater(id)
    vendor.reply = { status: 200 }
    const body = { configuration: { secret: 'another-secret' } }
    const changed = await call(world, 'PATCH', `/instances/${id}`, { body })
    expect(changed.body.lastCheck).toBeNull()
    vendor.reply = { status: 401 }
    await dayLater(id)
    expect((await get(id)).state).toBe('verified')
  })
})

describe('a vendor that cannot answer', () => {
  test.each([
    [{ status: 500 }, 'unexpected'],
    [{ status: 404 }, 'misdirected'],
    [{ status: 429, headers: { 'retry-after': '30' } }, 'throttled'],
  ])('with %j never fails an instance, and is asked ever more seldom', async (reply, verdict) => {
    const id = await provision(world, vendor)
    vendor.reply = reply
    const waits: number[] = []
    for (let round = 0; round < 6; round += 1) {
      world.context.checks = new CheckAdmission()
      await passHours(world, id, 25)
      await look(world)
      waits.push((await nextIn(world, id))!)
    }
    expect(await get(id)).toMatchObject({
      state: 'verified',
      valid: true,
      lastCheck: { verdict, message: expect.any(String) },
    })
    expect(await actionsOn(id)).toEqual([])
    if (verdict !== 'throttled') expect(waits.at(-1)!).toBeGreaterThan(waits[0]! * 10)
    expect(waits[0]!).toBeGreaterThan(0.2)
  })

  test('is not asked for all other instances there, which come later', async () => {
    const [first, ...others] = [
      await provision(world, vendor),
      await provision(world, vendor),
      await provision(world, vendor),
    ]
    vendor.reply = { status: 429 }
    await dayLater(first!)
    vendor.received.splice(0)
    for (const id of others) await passHours(world, id, 25)
    await look(world)
    expect(vendor.received).toEqual([])
    for (const id of others) {
      expect((await get(id)).lastCheck).toBeNull()
      expect(await nextIn(world, id)).toBeLessThan(0.2)
    }
    const asked = await call(world, 'POST', `/instances/${first}/verify`)
    expect([asked.body.code, vendor.received.length]).toEqual(['vendor-throttled', 1])
  })
})

test('what somebody proves or changes meanwhile is not undone by a look that began before', async () => {
  const id = await provision(world, vendor)
  vendor.reply = { status: 401 }
  await dayLater(id)
  await dayLater(id)
  await passHours(world, id, 25)
  const waiting = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  Object.defineProperty(vendor, 'reply', {
    configurable: true,
    get: () => {
      asked.resolve()
      return waiting.promise.then(() => ({ status: 401 })) as never
    },
  })
  const looking = look(world)
  await asked.promise
  Object.defineProperty(vendor, 'reply', {
    configurable: true,
    writable: true,
    value: { status: 200 },
  })
  expect((await call(world, 'POST', `/instances/${id}/verify`)).status).toBe(200)
  waiting.resolve()
  await looking
  expect(await get(id)).toMatchObject({ state: 'verified', lastCheck: null })
})
