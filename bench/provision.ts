import { availableParallelism } from 'node:os'
import type { LoadOrder } from './load.ts'
import { cpuOf, cpuOfFamily, percentile } from './measure.ts'
import { type Contestant, contestants, report, type Slice, type Slices } from './report.ts'
import { type Stage, setStage } from './stage.ts'

interface Options {
  pairs: number
  seconds: number
  connections: number[]
  /** Where to leave a CPU profile of the service. */
  profile: string | undefined
  signal: AbortSignal
}

const warmUpSeconds = 5

/** `POST /instances` with its live probe beside the least that such a route can cost. */
export async function benchProvision({ pairs, seconds, connections, profile, signal }: Options) {
  await using stage = await setStage(profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [])
  console.log(
    `POST /instances with its live probe: ${pairs} rounds of ${seconds} s each, medians; Node ${process.versions.node}, ${availableParallelism()} CPUs.`,
  )
  const [most] = connections.toSorted((one, other) => other - one)
  for (const contestant of contestants) {
    const { refusal } = await measure(stage, contestant, most!, warmUpSeconds, signal)
    if (refusal) throw new Error(`"${contestant}" does not answer as it should:\n${refusal}`)
  }
  for (const count of connections) {
    const slices: Slices = { ours: [], 'ours, Idempotency-Key': [], floor: [], 'floor again': [] }
    for (let round = 0; round < pairs; round++) {
      // Each begins a round as often as the others.
      for (let turn = 0; turn < contestants.length; turn++) {
        const contestant = contestants[(round + turn) % contestants.length]!
        slices[contestant].push(await measure(stage, contestant, count, seconds, signal))
      }
    }
    report(count, slices)
  }
}

async function measure(
  stage: Stage,
  contestant: Contestant,
  connections: number,
  seconds: number,
  signal: AbortSignal,
): Promise<Slice> {
  signal.throwIfAborted()
  const server = contestant.startsWith('floor') ? stage.floor : stage.service
  const order: LoadOrder = {
    ...requestOf(stage),
    url: `${server.url}/instances`,
    ...(contestant === 'ours, Idempotency-Key' && { freshHeader: 'idempotency-key' }),
    connections,
    ms: seconds * 1000,
  }
  const before = await readCpu(stage, server.pid)
  const { ms, latencies, statuses, refusal } = await stage.load(order)
  const after = await readCpu(stage, server.pid)
  const [used, vendor, postgres] = after.map((time, at) => (time - before[at]!) / latencies.length)
  return {
    perSecond: (latencies.length / ms) * 1000,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    server: used!,
    vendor: vendor!,
    postgres: postgres!,
    refused: latencies.length - (statuses[200] ?? 0),
    refusal,
  }
}

async function readCpu({ vendor, postgres }: Stage, server: number): Promise<number[]> {
  const times = await Promise.all([cpuOf(server), cpuOf(vendor.pid), cpuOfFamily(postgres)])
  return times.map((time) => time ?? Number.NaN)
}

function requestOf({ caller, vendor }: Stage) {
  const body = {
    element: { key: 'connectwisehd' },
    configuration: {
      'helpdesk.connectwise.username': 'api1',
      'helpdesk.connectwise.password': 'api1',
      'helpdesk.connectwise.server.url': vendor.url,
      'helpdesk.connectwise.company': 'company_f',
    },
    tags: ['help desk'],
    name: 'Test',
  }
  const authorization = `User ${caller.userSecret}, Organization ${caller.organizationSecret}`
  const headers = { authorization, 'content-type': 'application/json' }
  return { headers, body: JSON.stringify(body) }
}
