import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../support/until.ts'
import type { World } from '../support/world.ts'
import { startFirst, startReplica } from './replicas.ts'
import { instanceOf, through } from './through.ts'
import { type GatewayVendor, startGatewayVendor } from './types-vendor.ts'

const amount = 40
const pauseMs = 2_000
/** What a permit lives at most after it was granted, on a machine under load, and the way to the vendor. */
const underWayMs = 250

let vendor: GatewayVendor
let first: World
let second: World
beforeAll(async () => {
  vendor = await startGatewayVendor()
  first = await startFirst()
  second = await startReplica(first)
})
afterAll(async () => {
  for (const one of [second, first, vendor]) await one[Symbol.asyncDispose]()
})

test("a vendor's 429 to one replica pauses all of them, and then its limit recovers step by step", async () => {
  const rateLimits = [{ amount, unit: 'second' }]
  const configuration = { server: vendor.url, user: 'u', secret: 's' }
  const instance = await instanceOf(first, 'open', configuration, { rateLimits })
  const seen: { at: number; from: string }[] = []
  let isFedUp = false
  vendor.answer = ({ url }) => {
    const from = url.searchParams.get('from')!
    seen.push({ at: Date.now(), from })
    if (!isFedUp || from !== 'first') return {}
    isFedUp = false
    return { status: 429, headers: { 'retry-after': String(pauseMs / 1000) } }
  }
  const leave = new AbortController()
  const callers = [first, second].flatMap((replica, at) =>
    Array.from({ length: amount }, async () => {
      const path = `/x?from=${at === 0 ? 'first' : 'second'}`
      const options = { headers: { 'elements-wait-timeout': '60' }, signal: leave.signal }
      while (!leave.signal.aborted) await through(replica, instance, 'GET', path, options)
    }),
  )
  const over = Promise.allSettled(callers)
  await until(() => seen.length > 2 * amount)
  isFedUp = true
  // By the database's clock, which is this machine's.
  const pausedUntil = async () => {
    const { rows } = await first.context.db.pool.query(
      'select paused_until from limit_budgets where organization_id = $1 and name = $2',
      [first.organizationId, `instance/${instance.id}`],
    )
    return Number(rows[0].paused_until) / 1000
  }
  await until(async () => (await pausedUntil()) > 0)
  const end = await pausedUntil()
  await until(() => Date.now() > end + 8_000)
  leave.abort()
  await over

  const between = (from: number, to: number) =>
    seen.filter(({ at }) => at >= end + from && at < end + to)
  expect(between(underWayMs - pauseMs, 0)).toEqual([])
  // A tenth in the first second, and in each one twice as many as in the one before.
  const steps = [1, 2, 3, 4].map((step) => between(0, step * 1000).length)
  console.log(
    `${amount} per second, seen since a pause: ${steps} in 1, 2, 3, 4 s; then ${between(4_000, 8_000).length / 4} per second`,
  )
  for (const [at, most] of [4, 12, 28, 60].entries()) expect(steps[at]).toBeLessThanOrEqual(most)
  expect(steps[0]).toBeGreaterThan(0)
  expect(new Set(between(0, 4_000).map(({ from }) => from))).toEqual(new Set(['first', 'second']))
  // It is whole again.
  expect(between(4_000, 8_000).length).toBeGreaterThan(2 * amount)
})
