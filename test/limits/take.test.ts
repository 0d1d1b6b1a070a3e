import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const second = 1_000_000
const margin = 65_000
const longAgo = 1_700_000_000_000_000

interface Window {
  amount: number
  period: number
}

let budgets = 0
/** A budget whose questions are asked at times of the test's own. */
function budgetOf(windows: Window[], revision = 1) {
  budgets += 1
  const name = `test/${budgets}`
  const organization = world.organizationId
  return {
    async take(
      clock: number,
      want: number,
      more: {
        back?: { at: number; count: number }[]
        replica?: number
        waiting?: number
        windows?: Window[]
        revision?: number
        patience?: number
      } = {},
    ) {
      const { back = [], replica = 1, waiting = want, patience = 0 } = more
      const asked = more.windows ?? windows
      const { rows } = await world.context.db.pool.query(
        `select * from limit_take($1, $2, 1, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, '{}', '{}', '{}',
          '{}', '[]', '{}', '{}', $12, $13, $14)`,
        [
          ...[organization, replica, name, more.revision ?? revision],
          ...[asked.map((w) => w.amount), asked.map((w) => w.period), asked.map(() => margin)],
          ...[waiting, patience, back.map(({ at }) => at), back.map(({ count }) => count)],
          ...[want > 0 ? [want] : [], want > 0 ? [0] : [], clock],
        ],
      )
      const { at, wait, granted, remaining } = rows[0]
      return { at, wait, granted: granted[0] ?? 0, remaining } as {
        at: number
        wait: number
        granted: number
        remaining: number[]
      }
    },
    async pause(clock: number, ms: number) {
      await world.context.db.pool.query('select limit_pause($1, $2, $3, $4, $5, $6, $7, $8)', [
        ...[organization, name, revision, windows.map((w) => w.amount)],
        ...[windows.map((w) => w.period), windows.map(() => margin), ms * 1000, clock],
      ])
    },
  }
}

describe('of a budget', () => {
  test('no more is granted in any window than it has, whatever goes back and whenever', async () => {
    const step = fc.record({
      // Mostly a little; now and then a long time, or back.
      passes: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 0, max: 40_000 }) },
        { weight: 2, arbitrary: fc.integer({ min: 0, max: 2 * second }) },
        { weight: 1, arbitrary: fc.integer({ min: -second, max: 0 }) },
      ),
      want: fc.integer({ min: 0, max: 12 }),
      patience: fc.constantFrom(0, 0, 0, 50_000),
      back: fc.array(fc.record({ which: fc.nat(), count: fc.integer({ min: 1, max: 5 }) }), {
        maxLength: 3,
      }),
    })
    const window = fc.record({
      amount: fc.integer({ min: 1, max: 30 }),
      period: fc.constantFrom(second, 2 * second, 5 * second),
    })
    const windows = fc.uniqueArray(window, {
      minLength: 1,
      maxLength: 3,
      selector: ({ period }) => period,
    })
    await fc.assert(
      fc.asyncProperty(windows, fc.array(step, { maxLength: 60 }), async (windows, steps) => {
        const budget = budgetOf(windows)
        const grants: { at: number; until: number; kept: number }[] = []
        let clock = longAgo
        for (const { passes, want, patience, back } of steps) {
          clock += passes
          const returned = back.flatMap(({ which, count }) => {
            const grant = grants[which % Math.max(1, grants.length)]
            const some = Math.min(count, grant?.kept ?? 0)
            if (grant) grant.kept -= some
            return some > 0 ? [{ at: grant!.at, count: some }] : []
          })
          const { at, granted } = await budget.take(clock, want, { back: returned, patience })
          expect(granted).toBeLessThanOrEqual(want)
          grants.push({ at, until: at + patience, kept: granted })
          for (const { amount, period } of windows) {
            const counted = grants.filter(({ until }) => until > at - period - margin)
            expect(counted.reduce((sum, { kept }) => sum + kept, 0)).toBeLessThanOrEqual(amount)
          }
        }
        const later = clock + 12 * second
        const least = Math.min(...windows.map(({ amount }) => amount))
        expect((await budget.take(later, 40)).granted).toBe(Math.min(40, least))
      }),
      { numRuns: 60 },
    )
  })

  test('all of it is there again when a period and the margin have passed', async () => {
    const budget = budgetOf([{ amount: 5, period: second }])
    expect(await budget.take(longAgo, 9)).toMatchObject({ granted: 5, wait: second + margin })
    expect((await budget.take(longAgo + second + margin - 1, 9)).granted).toBe(0)
    expect((await budget.take(longAgo + second + margin, 9)).granted).toBe(5)
  })

  test('what goes back is there for others, unless its time is over', async () => {
    const budget = budgetOf([{ amount: 5, period: second }])
    await budget.take(longAgo, 3)
    await budget.take(longAgo + 500_000, 2)
    const back = [{ at: longAgo, count: 2 }]
    expect((await budget.take(longAgo + 600_000, 9, { back })).granted).toBe(2)
    // The first batch has fallen out by then: what comes back of it frees nothing of the others.
    const late = longAgo + second + margin + 1
    const { granted } = await budget.take(late, 9, { back: [{ at: longAgo, count: 1 }] })
    expect(granted).toBe(1)
  })

  test('the clock of the database may go back, and the limit stays', async () => {
    const budget = budgetOf([{ amount: 2, period: second }])
    await budget.take(longAgo, 1)
    expect(await budget.take(longAgo - 10 * second, 9)).toMatchObject({ granted: 1, at: longAgo })
    expect((await budget.take(longAgo + second, 9)).granted).toBe(0)
  })

  test('all windows hold at once, and each says what is left of it', async () => {
    const budget = budgetOf([
      { amount: 3, period: second },
      { amount: 5, period: 60 * second },
    ])
    expect(await budget.take(longAgo, 9)).toMatchObject({ granted: 3, remaining: [0, 2] })
    const next = longAgo + second + margin
    const answer = await budget.take(next, 9)
    expect(answer).toMatchObject({ granted: 2, remaining: [1, 0] })
    expect(answer.wait).toBe(longAgo + 60 * second + margin - next)
  })

  test('processes that wait for it have shares, until they have not asked for two seconds', async () => {
    const budget = budgetOf([{ amount: 30, period: 10 * second }])
    await budget.take(longAgo, 30, { replica: 9 })
    const freed = longAgo + 10 * second + margin
    await budget.take(freed - 1, 10, { replica: 1 })
    await budget.take(freed - 1, 20, { replica: 2 })
    expect((await budget.take(freed, 20, { replica: 2 })).granted).toBe(20)
    expect((await budget.take(freed, 10, { replica: 1 })).granted).toBe(10)
    const again = freed + 10 * second + margin
    await budget.take(again - 3 * second, 20, { replica: 2 })
    expect((await budget.take(again, 30, { replica: 1 })).granted).toBe(30)
  })
})

describe('new windows', () => {
  test('hold from then on, and what was granted before counts', async () => {
    const budget = budgetOf([{ amount: 10, period: second }])
    await budget.take(longAgo, 6)
    const windows = [{ amount: 8, period: second }]
    const changed = { windows, revision: 2 }
    expect((await budget.take(longAgo + 1, 9, changed)).granted).toBe(2)
    // A process that has not heard of it.
    expect((await budget.take(longAgo + 2, 9)).granted).toBe(0)
  })

  test('that are longer count what is known', async () => {
    const budget = budgetOf([{ amount: 10, period: second }])
    await budget.take(longAgo, 6)
    const windows = [{ amount: 10, period: 60 * second }]
    const changed = { windows, revision: 2 }
    expect((await budget.take(longAgo + second / 2, 9, changed)).granted).toBe(4)
    expect((await budget.take(longAgo + 50 * second, 9, changed)).granted).toBe(0)
  })

  test('that come back know what happened before they went and since', async () => {
    const both = [
      { amount: 10, period: second },
      { amount: 20, period: 60 * second },
    ]
    const budget = budgetOf(both)
    await budget.take(longAgo, 9)
    const one = { windows: both.slice(0, 1), revision: 2 }
    await budget.take(longAgo + 5 * second, 4, one)
    const again = { windows: both, revision: 3 }
    const { granted } = await budget.take(longAgo + 5 * second + 1, 10, again)
    expect(granted).toBe(6)
    expect((await budget.take(longAgo + 7 * second, 10, again)).granted).toBe(1)
  })

  test('of an older revision change nothing', async () => {
    const budget = budgetOf([{ amount: 2, period: second }], 5)
    await budget.take(longAgo, 1)
    const windows = [{ amount: 100, period: second }]
    expect((await budget.take(longAgo, 9, { windows, revision: 4 })).granted).toBe(1)
  })
})

describe('a pause', () => {
  test('keeps everybody from starting, and then a tenth may, and twice as many with every period', async () => {
    const budget = budgetOf([{ amount: 100, period: second }])
    await budget.pause(longAgo, 3_000)
    expect(await budget.take(longAgo + second, 500)).toMatchObject({ granted: 0, wait: 2 * second })
    const over = longAgo + 3 * second
    const granted: number[] = []
    // Steps are periods; calls count for a period and the margin.
    for (const steps of [0, 1, 2, 3, 4]) {
      granted.push((await budget.take(over + steps * (second + margin), 500)).granted)
    }
    expect(granted).toEqual([10, 20, 40, 80, 100])
  })

  test('that is shorter than one under way leaves that as it is', async () => {
    const budget = budgetOf([{ amount: 100, period: second }])
    await budget.pause(longAgo, 10_000)
    await budget.pause(longAgo, 1_000)
    expect((await budget.take(longAgo + 9 * second, 1)).granted).toBe(0)
    expect((await budget.take(longAgo + 10 * second, 1)).granted).toBe(1)
  })
})
