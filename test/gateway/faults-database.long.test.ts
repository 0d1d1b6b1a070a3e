import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { violationsOf } from '../limits/harness/measure.ts'
import { call } from '../support/client.ts'
import { type OwnPostgres, startOwnPostgres } from '../support/own-postgres.ts'
import type { Service } from '../support/service.ts'
import { until } from '../support/until.ts'
import { countsOf, type Ended, type Load, startLoad } from './load.ts'
import { type MeasuringVendor, startMeasuringVendor } from './measuring.ts'
import {
  addElement,
  type Caller,
  connect,
  type Processes,
  send,
  startProcesses,
} from './processes.ts'
import { through } from './through.ts'

const awayMs = 20_000
const waitSeconds = 5
const patienceMs = 20_000
const jitterMs = 35
const window = { amount: 20, periodMs: 1000 }
/** How a limited call may end while there is no database. */
const clean = new Set(['200', '429 limit-wait-over', '503 unavailable'])

let postgres: OwnPostgres
let processes: Processes
let caller: Caller
let vendors: MeasuringVendor[]
let instances: Record<'unlimited' | 'limited' | 'pooled', { id: number; authorization: string }>

beforeAll(async () => {
  postgres = await startOwnPostgres()
  processes = await startProcesses(postgres.url, 2)
  caller = await processes.addOrganization()
  await addElement(caller)
  vendors = await Promise.all([0, 1, 2].map(startMeasuringVendor))
  const [free, metered, narrow] = vendors.map(({ url }) => url)
  const pool = await send(caller, 'POST', '/connection-pools', { name: 'Narrow', limit: 3 })
  instances = {
    unlimited: await connect(caller, free!),
    limited: await connect(caller, metered!, {
      rateLimits: [{ amount: window.amount, unit: 'second' }],
    }),
    pooled: await connect(caller, narrow!, { connectionPoolId: pool.id }),
  }
})
afterAll(async () => {
  for (const vendor of vendors) await vendor[Symbol.asyncDispose]()
  await processes[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

type Kind = keyof typeof instances

/** Calls of each kind through each process. */
function startAll(): Record<Kind, Load[]> {
  const each = (kind: Kind, path: string, callers: number, restMs: number) =>
    processes.services.map(({ url }) =>
      startLoad({
        ...{ url, path, callers, restMs, patienceMs },
        authorization: instances[kind].authorization,
        headers: { 'elements-wait-timeout': String(waitSeconds) },
      }),
    )
  return {
    unlimited: each('unlimited', '/x', 4, 20),
    limited: each('limited', '/x', 15, 5),
    pooled: each('pooled', '/x?ms=100', 4, 5),
  }
}

const endedIn = (loads: Load[], from: number, to: number): Ended[] =>
  loads.flatMap(({ ended }) => ended.filter(({ at }) => at >= from && at < to))

describe.each([
  {
    fault: 'stands still',
    begin: () => postgres.freeze(),
    end: async () => postgres.thaw(),
  },
  { fault: 'is stopped at once', begin: () => postgres.stop(), end: () => postgres.start() },
])('while PostgreSQL $fault for 20 s', ({ begin, end }) => {
  test('calls without limits go on, limited ones wait or are refused cleanly, no limit is exceeded, and all recovers', async () => {
    for (const vendor of vendors) await vendor.report()
    const loads = startAll()
    await delay(3_000)
    // It keeps its place for longer than anybody can vouch for that.
    const [{ url }] = processes.services as [Service, ...Service[]]
    const long = through({ url }, instances.pooled, 'GET', '/x?ms=18000')
    await delay(3_000)
    const began = performance.now()
    await begin()
    await delay(awayMs)
    await end()
    const ended = performance.now()
    // Of those that waited meanwhile, some are still refused.
    const recovered = (kind: Kind) =>
      loads[kind].every((load) => {
        const latest = load.ended.slice(-30)
        return latest.every(({ at, status }) => at > ended && status === 200)
      })
    await until(() => recovered('limited') && recovered('pooled'))
    await until(async () => (await changeName()) === 200)
    await Promise.all(Object.values(loads).flatMap((all) => all.map((load) => load.stop())))

    const counts = (kind: Kind, from: number, to = Number.POSITIVE_INFINITY) =>
      countsOf(endedIn(loads[kind], from, to))
    expect(Object.keys(counts('unlimited', 0))).toEqual(['200'])
    expect(endedIn(loads.unlimited, began, ended).length).toBeGreaterThan(200)
    for (const kind of ['limited', 'pooled'] as const) {
      expect(Object.keys(counts(kind, 0, began))).toEqual(['200'])
      const meanwhile = counts(kind, began)
      console.log(`${kind}, from the fault on: ${JSON.stringify(meanwhile)}`)
      expect(Object.keys(meanwhile).filter((how) => !clean.has(how))).toEqual([])
    }
    for (const { code, text } of endedIn(loads.limited, began, Number.POSITIVE_INFINITY)) {
      if (code) expect(JSON.parse(text)).toMatchObject({ code, message: expect.any(String) })
    }
    const seen = await vendors[1]!.report()
    expect(seen.arrivals.length).toBeGreaterThan(100)
    expect(violationsOf(seen, window, jitterMs)).toEqual([])
    expect(await long).toMatchObject({ status: 504, code: 'vendor-late' })
    expect((await vendors[2]!.report()).mostAtOnce).toBeLessThanOrEqual(3)
    expect(processes.ended).toEqual([])
    for (const { out } of processes.services) expect(out).not.toContain('"level":60')
  })
})

/** By each process: that it can change what is stored again. */
async function changeName(): Promise<number> {
  const answers = await Promise.all(
    processes.services.map(({ url }) =>
      call({ ...caller, url }, 'PATCH', `/instances/${instances.unlimited.id}`, {
        body: { name: 'Changed' },
      }),
    ),
  )
  return Math.max(...answers.map(({ status }) => status))
}
