import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Cable, startCable } from '../support/cable.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import type { World } from '../support/world.ts'
import { see, startFirst, startMirror, startReplica } from './replicas.ts'
import { connect, password } from './scene.ts'

const leaseMs = 30_000

let vendor: Awaited<ReturnType<typeof startMirror>>
let world: World
let cable: Cable
let remote: World
beforeAll(async () => {
  vendor = await startMirror()
  world = await startFirst()
  cable = await startCable(world.databaseUrl)
  remote = await startReplica(world, cable.url)
})
afterEach(async () => {
  cable.mend()
  await until(() => remote.context.listener.isCurrent())
})
afterAll(async () => {
  for (const one of [remote, cable, world, vendor]) await one[Symbol.asyncDispose]()
})

describe.each(['cut', 'hang'] as const)('a process whose database is away (%s)', (fault) => {
  test('goes on calling for 20 s, and is refused cleanly when its lease has run out', async () => {
    const { authorization } = await connect(world, vendor.url)
    expect(await see(remote, authorization)).toBe(password)
    cable[fault]()
    const began = performance.now()
    const seen: [ms: number, what: string | undefined][] = []
    while (performance.now() - began < leaseMs + 2_000 || seen.at(-1)![0] < leaseMs) {
      const asked = performance.now() - began
      seen.push([asked, await see(remote, authorization)])
      await delay(100)
    }
    // It may last have heard of the database up to a heartbeat before.
    const early = seen.filter(([ms]) => ms < 20_000)
    expect(early.length).toBeGreaterThan(100)
    expect(early.filter(([, what]) => what !== password)).toEqual([])
    const late = seen.filter(([ms]) => ms > leaseMs)
    expect(late.length).toBeGreaterThan(0)
    expect(new Set(late.map(([, what]) => what))).toEqual(new Set(['unavailable']))
    cable.mend()
    await until(async () => (await see(remote, authorization)) === password)
  })

  test('does not hold up changes for long, and knows them when it is back', async () => {
    const { id, authorization } = await connect(world, vendor.url)
    const patch = async (secret: string) => {
      const began = performance.now()
      const body = { configuration: { secret } }
      const { status } = await call(world, 'PATCH', `/instances/${id}`, { body })
      expect(status).toBe(200)
      return performance.now() - began
    }
    expect(await see(remote, authorization)).toBe(password)
    cable[fault]()
    const first = await patch('changed-while-it-was-away')
    const second = await patch('changed-a-second-time-meanwhile')
    // Two seconds of patience, once.
    expect(first).toBeLessThan(10_000)
    expect(second).toBeLessThan(first)
    expect(await see(world, authorization)).toBe('changed-a-second-time-meanwhile')
    expect(await see(remote, authorization)).toBe(password)
    cable.mend()
    await until(async () => (await see(remote, authorization)) !== password)
    expect(await see(remote, authorization)).toBe('changed-a-second-time-meanwhile')
    await patch('changed-when-it-was-back')
    expect(await see(remote, authorization)).toBe('changed-when-it-was-back')
  })
})

test('a process whose listening connection alone is ended knows a change at the latest when it is answered', async () => {
  const { id, authorization } = await connect(world, vendor.url)
  for (let times = 0; times < 20; times += 1) {
    await see(remote, authorization)
    await world.context.db.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'latchkey listener' and datname = current_database()`,
    )
    const secret = `changed-without-a-listener-${times}`
    const body = { configuration: { secret } }
    expect((await call(world, 'PATCH', `/instances/${id}`, { body })).status).toBe(200)
    expect(await see(world, authorization)).toBe(secret)
    expect(await see(remote, authorization)).toBe(secret)
  }
})
