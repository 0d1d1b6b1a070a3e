import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { countsOf, spreadOf, useOf, violationsOf, type Window } from '../limits/harness/measure.ts'
import type { VendorReport } from '../limits/harness/measuring-vendor.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { type GatewayFleet, startGatewayFleet } from './fleet/fleet.ts'
import { instanceOf, through } from './through.ts'

const jitterMs = 35

let fleet: GatewayFleet
beforeAll(async () => {
  fleet = await startGatewayFleet([0, -30, 30])
})
afterAll(() => fleet[Symbol.asyncDispose]())

const perSecond = (amount: number, every = 1) => ({ amount, unit: 'second', every })
const connect = (settings: object) =>
  instanceOf(fleet.world, 'open', { server: fleet.vendor.url, user: 'u', secret: 's' }, settings)

/** What was seen of one budget, over several reports. */
function seenOf(reports: readonly VendorReport[], name: string): VendorReport {
  return {
    arrivals: reports.flatMap(({ arrivals }) =>
      arrivals.filter(({ from }) => from.split('.')[0] === name),
    ),
    stalls: reports.flatMap(({ stalls }) => stalls),
    mostAtOnce: Math.max(...reports.map(({ mostAtOnce }) => mostAtOnce)),
  }
}

interface Budget {
  name: string
  windows: Window[]
  /** By which its use is measured, and how much it should be. */
  goal: number
  instances: { authorization: string; callers: number }[]
}

describe('three processes whose clocks are a minute apart', () => {
  test('never let a vendor see more than any limit allows, when one of them is killed as well', async () => {
    const { world, vendor, services } = fleet
    const windows = [perSecond(60)]
    const shared = await call(world, 'POST', '/rate-limits', { body: { name: 'Shared', windows } })
    expect(shared.status).toBe(200)
    const own = async (
      name: string,
      goal: number,
      ...rateLimits: ReturnType<typeof perSecond>[]
    ) => {
      const { authorization } = await connect({ rateLimits })
      const [{ amount } = { amount: 0 }] = rateLimits
      const found = rateLimits.map(({ amount, every }) => ({ amount, periodMs: every * 1000 }))
      const instances = [{ authorization, callers: Math.ceil(amount / 2) }]
      return { name, windows: found, goal, instances }
    }
    const rateLimitId = shared.body.id
    const budgets: Budget[] = [
      await own('twenty', 0.9, perSecond(20)),
      await own('hundred', 0.9, perSecond(100)),
      await own('slow', 0.97, perSecond(100, 5)),
      await own('both', 0.97, perSecond(100, 10), perSecond(30)),
      {
        name: 'shared',
        windows: [{ amount: 60, periodMs: 1000 }],
        goal: 0.9,
        // One of them has as many callers as all others.
        instances: await Promise.all(
          [20, 4, 4, 4, 4, 4].map(async (callers) => ({
            ...(await connect({ rateLimitId })),
            callers,
          })),
        ),
      },
    ]
    const order = (at: number) => ({
      url: services[at]!.url,
      calls: budgets.flatMap(({ name, instances }) =>
        instances.flatMap(({ authorization, callers }, instance) =>
          Array.from({ length: callers }, () => ({
            url: services[at]!.url,
            path: `/proxy/x?from=${name}.${instance}`,
            authorization,
          })),
        ),
      ),
    })
    await vendor.report()
    const crowds = services.map((_, at) => {
      const { calls } = order(at)
      return fleet.startCrowd({ calls, callers: calls.length })
    })
    await delay(5_000)
    // Of 105 s: more than twenty of the longest that the goals are about.
    await vendor.report()
    await delay(105_000)
    const before = await vendor.report()
    await services[2]!.stop('SIGKILL')
    await delay(12_000)
    const meanwhile = await vendor.report()
    await delay(10_000)
    const after = await vendor.report()
    const told = await Promise.all(crowds.map((crowd) => crowd.stop()))

    for (const { name, windows, goal, instances } of budgets) {
      const all = seenOf([before, meanwhile, after], name)
      for (const window of windows) {
        expect(violationsOf(all, window, jitterMs), name).toEqual([])
      }
      const [window] = windows
      const use = useOf(seenOf([before], name), window!)
      // Of the time that is left, whole cycles of the shorter ones alone.
      const isShort = window!.periodMs <= 5_000
      const later = isShort ? useOf(seenOf([after], name), window!) : goal
      const counts = instances.length > 1 ? `; by instance ${countsOf(all)}` : ''
      console.log(
        `${name}, ${windows.map(({ amount, periodMs }) => `${amount} in ${periodMs} ms`).join(' and ')}: ${use.toFixed(3)} of it used (goal ${goal}), ${later.toFixed(3)} by the two that were left${counts}`,
      )
      // A busy machine costs some of it; the goals are for one of its own.
      expect(use, name).toBeGreaterThan(goal - 0.25)
      expect(later, name).toBeGreaterThan(goal - 0.4)
    }
    const counts = countsOf(seenOf([before], 'shared'))
    expect(counts).toHaveLength(6)
    expect(Math.max(...counts) / Math.min(...counts)).toBeLessThan(1.25)
    // Those of the dead process alone have lost their connections.
    expect(told.map(({ broken }) => broken)).toEqual([0, 0, order(2).calls.length])
    for (const { statuses, refusal } of told.slice(0, 2)) {
      expect([Object.keys(statuses), refusal]).toEqual([['200'], undefined])
    }
  })

  test.each([20, 100, 500])('start %i calls soon after they were idle', async (amount) => {
    const { vendor } = fleet
    const services = fleet.services.slice(0, 2)
    const bare = [await fleet.startFloor(), await fleet.startFloor()]
    const burst = async (
      { authorization }: { authorization: string },
      name: string,
      by: { url: string }[] = services,
    ) => {
      await vendor.report()
      const calls = by.map(({ url }) => ({
        url,
        path: `/proxy/x?from=${name}`,
        authorization,
      }))
      const { statuses } = await fleet.startCrowd({ calls, callers: amount, each: 1 }).done
      expect(statuses).toEqual({ 200: amount })
      const report = seenOf([await vendor.report()], name)
      // What is counted is over.
      await delay(1_200)
      return report
    }
    const limited = await connect({ rateLimits: [perSecond(amount)] })
    const unlimited = await connect({})
    const spreads = { limited: [] as number[], unlimited: [] as number[], bare: [] as number[] }
    for (let round = 0; round < 5; round += 1) {
      spreads.bare.push(spreadOf(await burst(unlimited, `bare${amount}`, bare), amount))
      spreads.unlimited.push(spreadOf(await burst(unlimited, `free${amount}`), amount))
      const report = await burst(limited, `limited${amount}`)
      spreads.limited.push(spreadOf(report, amount))
      expect(violationsOf(report, { amount, periodMs: 1000 }, jitterMs)).toEqual([])
    }
    const shown = (all: number[]) => all.map((ms) => ms.toFixed(0)).join(', ')
    const medianOf = (all: number[]) => all.toSorted((one, other) => one - other)[all.length >> 1]!
    const ratio = medianOf(spreads.limited) / medianOf(spreads.unlimited)
    console.log(
      `${amount} calls at once after idling: the last ${shown(spreads.limited)} ms after the first (goal 100); without a limit ${shown(spreads.unlimited)} ms, ratio of the medians ${ratio.toFixed(2)}; by a bare proxy ${shown(spreads.bare)} ms`,
    )
    // None of them waits for a permit that another one was too late for until its time is over.
    expect(Math.min(...spreads.limited)).toBeLessThan(1000)
  })

  test('send the calls of an instance in the order in which a process got them', async () => {
    const { world, vendor } = fleet
    const instance = await connect({ rateLimits: [perSecond(1, 2)] })
    const { limited } = await world.context.connections.of(instance.authorization)
    await vendor.report()
    const calls: ReturnType<typeof through>[] = []
    for (let at = 0; at < 5; at += 1) {
      calls.push(through(world, instance, 'GET', `/x?from=order.${at}`))
      if (at === 0) await calls[0]
      await until(() => world.context.limiter.waitingHere(limited!) >= at)
    }
    for (const { code } of await Promise.all(calls)) expect(code).toBe(undefined)
    const { arrivals } = await vendor.report()
    expect(arrivals.map(({ from }) => from)).toEqual([0, 1, 2, 3, 4].map((at) => `order.${at}`))
  })
})
