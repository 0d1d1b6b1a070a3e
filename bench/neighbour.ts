import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startEmbedded } from '../src/database/embedded.ts'
import type { BadOrder } from './bad-neighbour.ts'
import { provision } from './gateway-stage.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import { alignColumns, median, percentile } from './measure.ts'
import { createCaller, help, nextMessage, startService } from './stage.ts'

interface Options {
  pairs: number
  seconds: number
  signal: AbortSignal
}

/** Right after one another. */
interface Pair {
  alone: Slice
  beside: Slice
}

interface Slice {
  perSecond: number
  p50: number
  p99: number
}

/** What the other tenant's vendor does, to so many calls at once. */
const manners = {
  hang: { callers: 200, leaveAfterMs: 5_000 },
  drip: { callers: 50, leaveAfterMs: 5_000 },
  reset: { callers: 20, leaveAfterMs: 5_000 },
  garbage: { callers: 20, leaveAfterMs: 5_000 },
  flood: { callers: 2, leaveAfterMs: 1_000 },
} as const
/** Nobody: to see how far two measures of one thing differ. */
type Name = 'nobody' | keyof typeof manners
const names: Name[] = ['nobody', 'hang', 'drip', 'reset', 'garbage', 'flood']

const connections = 8
/** Until the bad calls are there. */
const beginMs = 500
const warmUpSeconds = 3
const leastPairs = 9
const aim = 1.5

/** One tenant's calls beside another's whose vendor misbehaves, in one process. */
export async function benchNeighbour({ pairs, seconds, signal }: Options) {
  await using stage = await setNeighbourStage()
  console.log(
    `Calls of one tenant beside another's: ${pairs} pairs of ${seconds} s each, ${connections} connections, medians; Node ${process.versions.node}, ${availableParallelism()} CPUs.`,
  )
  const pairsOf = new Map<Name, Pair[]>(names.map((name) => [name, []]))
  await stage.measure('nobody', warmUpSeconds)
  for (let round = 0; round < pairs; round += 1) {
    for (const name of names) {
      signal.throwIfAborted()
      const order = round % 2 === 0 ? (['nobody', name] as const) : ([name, 'nobody'] as const)
      const first = await stage.measure(order[0], seconds)
      const second = await stage.measure(order[1], seconds)
      const [alone, beside] = round % 2 === 0 ? [first, second] : [second, first]
      pairsOf.get(name)!.push({ alone, beside })
    }
  }
  report(pairsOf)
}

async function setNeighbourStage() {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  resources.defer(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o711)
  const database = await startEmbedded({ dataDir: folder })
  resources.defer(() => database.stop())
  const key = randomBytes(32)
  const good = await help(resources, new URL('./gateway-vendor.ts', import.meta.url))
  const bad = await help(resources, new URL('./moody-vendor.ts', import.meta.url))
  const { child: loader } = await help(resources, new URL('./load.ts', import.meta.url))
  const { child: neighbour } = await help(resources, new URL('./bad-neighbour.ts', import.meta.url))
  const sign = async (name: Name) => {
    const caller = await createCaller(database.url, [{ id: 'bench', key }], `${name}@localhost`)
    return `User ${caller.userSecret}, Organization ${caller.organizationSecret}`
  }
  // Each manner is another tenant's: a vendor that one of them is cut off from is asked by the next.
  const users: [Name, string][] = []
  for (const name of names) users.push([name, await sign(name)])
  const { url } = await startService(resources, [], {
    DATABASE_URL: database.url,
    LATCHKEY_KEYS: `bench:${key.toString('base64')}`,
    LATCHKEY_EGRESS_ALLOW: '127.0.0.1',
  })
  const callers = new Map<Name, string>()
  for (const [name, user] of users) {
    const vendor = name === 'nobody' ? good : bad
    const { unlimited } = await provision(url, user, vendor.url)
    callers.set(name, `${user}, Element ${unlimited}`)
  }
  const order = async (orders: BadOrder | 'quiet') => {
    neighbour.send(orders)
    await nextMessage(neighbour)
  }
  const owned = resources.move()
  return {
    async measure(name: Name, seconds: number): Promise<Slice> {
      if (name !== 'nobody') {
        const path = `${url}/proxy/${name}`
        await order({ ...manners[name], url: path, authorization: callers.get(name)! })
      }
      await delay(beginMs)
      loader.send({
        url: `${url}/proxy/contacts/1`,
        headers: { authorization: callers.get('nobody')! },
        connections,
        ms: seconds * 1000,
      } satisfies LoadOrder)
      const { ms, latencies, statuses, refusal } = await nextMessage<LoadResult>(loader)
      await order('quiet')
      if (latencies.length > (statuses[200] ?? 0)) throw new Error(`refused:\n${refusal}`)
      return {
        perSecond: (latencies.length / ms) * 1000,
        p50: percentile(latencies, 50),
        p99: percentile(latencies, 99),
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function report(pairsOf: Map<Name, Pair[]>) {
  const rows = [...pairsOf].map(([name, pairs]) => {
    const middle = (figure: keyof Slice, side: keyof Pair) =>
      median(pairs.map((pair) => pair[side][figure]))
    return [
      name,
      middle('perSecond', 'alone').toFixed(0),
      middle('perSecond', 'beside').toFixed(0),
      middle('p50', 'alone').toFixed(2),
      middle('p50', 'beside').toFixed(2),
      middle('p99', 'alone').toFixed(2),
      middle('p99', 'beside').toFixed(2),
      timesOf(pairs).toFixed(2),
    ]
  })
  const columns = ['neighbour', 'per s alone', 'beside', 'p50 ms', 'beside', 'p99 ms', 'beside']
  console.log(`\n${alignColumns([[...columns, 'times'], ...rows])}`)
  for (const name of Object.keys(manners) as (keyof typeof manners)[]) {
    const times = timesOf(pairsOf.get(name)!)
    const verdict = times <= aim ? 'met' : 'MISSED'
    console.log(`${name}: ${times.toFixed(2)} times the p99 alone, at most ${aim}: ${verdict}`)
  }
  const nobody = pairsOf.get('nobody')!
  const steadiness = timesOf(nobody)
  const faults = [
    (steadiness < 0.9 || steadiness > 1.1) && 'the machine was not steady enough',
    nobody.length < leastPairs && `fewer than ${leastPairs} pairs`,
  ].filter(Boolean)
  const verdict = faults.length === 0 ? 'counts' : `does NOT count: ${faults.join(', ')}`
  console.log(`alone against alone: ${steadiness.toFixed(2)}; this run ${verdict}`)
}

/** What becomes of p99. */
function timesOf(pairs: readonly Pair[]): number {
  return median(pairs.map(({ alone, beside }) => beside.p99 / alone.p99))
}
