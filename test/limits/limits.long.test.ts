import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Limited } from '../../src/limits/limited.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { type Fleet, startFleet } from './harness/fleet.ts'
import { countsOf, spreadOf, useOf, violationsOf } from './harness/measure.ts'

const skews = [0, -30, 30]
const jitterMs = 35

let world: World
let fleet: Fleet
beforeAll(async () => {
  world = await startWorld()
  fleet = await startFleet({ databaseUrl: world.databaseUrl, skews })
})
afterAll(async () => {
  await fleet[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

let made = 0
const limitedTo = (...windows: { amount: number; periodMs: number }[]): Limited => {
  made += 1
  const budget = { name: `instance/${made}`, revision: 1, windows }
  return { organizationId: world.organizationId, share: made, budget, pools: [] }
}

/** What a vendor saw of a budget that all processes want more of than there is, for so long. */
async function saturate(limited: Limited, seconds: number, path = '/') {
  const [window] = limited.budget!.windows
  // Their connections stand then.
  await fleet.run({ limited, callers: 10, calls: 10, path })
  await delay(window!.periodMs + 200)
  await fleet.report()
  fleet.order({ limited, callers: window!.amount, path })
  await delay(seconds * 1000)
  fleet.order({ limited, callers: 0, path })
  await delay(window!.periodMs)
  return fleet.report()
}

describe('three processes whose clocks are a minute apart', () => {
  test.each([
    [20, 1000, 21, 0.9],
    [100, 1000, 21, 0.9],
    [500, 1000, 21, 0.9],
    [100, 5000, 41, 0.97],
  ])(
    'never send more than %i calls in any %i ms, and use what they may',
    async (amount, periodMs, seconds, goal) => {
      const window = { amount, periodMs }
      const report = await saturate(limitedTo(window), seconds)
      const use = useOf(report, window)
      const first = spreadOf(report, amount)
      console.log(
        `${amount} in ${periodMs} ms: ${use.toFixed(3)} of it used (goal ${goal}); after idling the first ${amount} in ${first.toFixed(0)} ms (goal ${periodMs / 10}); calls by process ${countsOf(report)}`,
      )
      expect(violationsOf(report, window, jitterMs)).toEqual([])
      // A busy machine costs some of it; the goals are for one of its own.
      expect(use).toBeGreaterThan(goal - 0.25)
      expect(countsOf(report)).toHaveLength(3)
    },
  )

  test('keep to all windows of a budget, in bursts as well', async () => {
    const windows = [
      { amount: 30, periodMs: 1000 },
      { amount: 100, periodMs: 10_000 },
    ]
    const limited = limitedTo(...windows)
    await fleet.report()
    const until = performance.now() + 22_000
    while (performance.now() < until) {
      await fleet.run({ limited, callers: 7, calls: 12, path: '/' })
      await delay(Math.random() * 1500)
    }
    const report = await fleet.report()
    for (const window of windows) expect(violationsOf(report, window, jitterMs)).toEqual([])
    expect(report.arrivals.length).toBeGreaterThan(150)
  })

  test('hold a limit of calls in flight, and share the places', async () => {
    const pool = { name: 'pool/1', revision: 1, limit: 10 }
    const limited = { organizationId: world.organizationId, share: 1, pools: [pool] }
    await fleet.report()
    fleet.order({ limited, callers: 20, path: '/?ms=50' })
    await delay(8_000)
    fleet.order({ limited, callers: 0, path: '/' })
    await delay(500)
    const report = await fleet.report()
    const full = (8000 / 50) * pool.limit
    console.log(
      `${pool.limit} in flight, 50 ms each: ${(report.arrivals.length / full).toFixed(2)} of the places used; calls by process ${countsOf(report)}`,
    )
    expect(report.mostAtOnce).toBe(10)
    expect(countsOf(report)).toHaveLength(3)
  })

  test('go on when one of them is killed, whose places come back, and nothing is exceeded', async () => {
    const window = { amount: 60, periodMs: 1000 }
    const pool = { name: 'pool/2', revision: 1, limit: 9 }
    const limited = { ...limitedTo(window), pools: [pool] }
    const killed = fleet.replicas[0]!
    await fleet.report()
    fleet.order({ limited, callers: 30, path: '/?ms=300' })
    await delay(4_000)
    killed.kill('SIGKILL')
    await delay(3_000)
    const meanwhile = await fleet.report()
    // Nine places at 300 ms each: with the dead one's back, all nine are in use.
    await until(async () => {
      await delay(1_000)
      const report = await fleet.report()
      meanwhile.arrivals.push(...report.arrivals)
      meanwhile.stalls.push(...report.stalls)
      meanwhile.mostAtOnce = Math.max(meanwhile.mostAtOnce, report.mostAtOnce)
      return report.mostAtOnce === 9
    })
    fleet.order({ limited, callers: 0, path: '/' })
    expect(violationsOf(meanwhile, window, jitterMs)).toEqual([])
    expect(meanwhile.mostAtOnce).toBe(9)
  })
})
