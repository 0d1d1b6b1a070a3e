import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { violationsOf } from '../limits/harness/measure.ts'
import type { VendorReport } from '../limits/harness/measuring-vendor.ts'
import { call } from '../support/client.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { countsOf, startLoad } from './load.ts'
import { type MeasuringVendor, startMeasuringVendor } from './measuring.ts'
import {
  addElement,
  type Caller,
  connect,
  type Processes,
  send,
  startProcesses,
} from './processes.ts'

const jitterMs = 35
const places = 6
const window = { amount: 30, periodMs: 1000 }

let database: TestDatabase
let processes: Processes
let caller: Caller
let vendor: MeasuringVendor
beforeAll(async () => {
  database = await createTestDatabase()
  processes = await startProcesses(database.url, 2)
  caller = await processes.addOrganization()
  vendor = await startMeasuringVendor()
  await addElement(caller)
})
afterAll(async () => {
  await processes[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
  await database.drop()
})

test('places and permits of a process that was killed come back by themselves, and no limit is exceeded meanwhile', async () => {
  const pool = await send(caller, 'POST', '/connection-pools', { name: 'Six', limit: places })
  const { authorization } = await connect(caller, vendor.url, {
    rateLimits: [{ amount: window.amount, unit: 'second' }],
    connectionPoolId: pool.id,
  })
  const [killed, other] = processes.services
  const state = async () =>
    (await call({ ...caller, url: other!.url }, 'GET', `/connection-pools/${pool.id}`)).body
  const seen: VendorReport[] = []
  const look = async () => {
    const report = await vendor.report()
    seen.push(report)
    return report
  }
  const loadOf = (url: string, from: number) =>
    startLoad({
      ...{ url, authorization, callers: 12, restMs: 1, patienceMs: 40_000 },
      path: `/x?ms=700&from=${from}`,
    })
  const dying = loadOf(killed!.url, 0)
  const living = loadOf(other!.url, 1)
  const senders = ({ arrivals }: VendorReport) => new Set(arrivals.map(({ from }) => from)).size
  await until(async () => {
    await delay(1_000)
    return senders(await look()) === 2
  })
  const asked = dying.stop()
  await killed!.stop('SIGKILL')
  await asked
  const held = places - (await stillUsable(look))
  expect(held).toBeGreaterThan(0)
  // What the dead process held is taken by nobody, until its word has run out.
  await until(async () => {
    await delay(1_000)
    return (await look()).mostAtOnce === places
  })
  await living.stop()
  await look()
  expect(Object.keys(countsOf(living.ended))).toEqual(['200'])
  expect(Math.max(...seen.map(({ mostAtOnce }) => mostAtOnce))).toBe(places)
  const whole = {
    arrivals: seen.flatMap(({ arrivals }) => arrivals),
    stalls: seen.flatMap(({ stalls }) => stalls),
    mostAtOnce: places,
  }
  expect(violationsOf(whole, window, jitterMs)).toEqual([])
  await until(async () => (await state()).live.inUse === 0)
  expect(processes.ended).toEqual([0])
})

/** How many places the living use while those of the dead are not given back. */
async function stillUsable(look: () => Promise<VendorReport>): Promise<number> {
  await delay(1_000)
  await look()
  await delay(2_000)
  return (await look()).mostAtOnce
}
