import { availableParallelism } from 'node:os'
import { type GatewayStage, setGatewayStage } from './gateway-stage.ts'
import type { LoadOrder } from './load.ts'
import { alignColumns, cpuOf, median, percentile } from './measure.ts'

interface Options {
  pairs: number
  seconds: number
  connections: number[]
  /** Where to leave a CPU profile of the service. */
  profile: string | undefined
  signal: AbortSignal
}

interface Slice {
  perSecond: number
  p50: number
  p99: number
  /** Milliseconds of CPU per call, of the servers under measurement together. */
  cpu: number
  refused: number
}

/** Measured by turns; the floor twice, to see how far two measures of one thing differ. */
type Name =
  | 'vendor, direct'
  | 'nginx'
  | 'floor'
  | 'floor again'
  | 'ours'
  | 'ours, limited'
  | 'ours, limited, 3 replicas'

const warmUpSeconds = 3
const leastPairs = 9
const targetConnections = 64
const throughputAims: Partial<Record<Name, number>> = { ours: 0.7, 'ours, limited': 0.5 }
const addedAim = 1.5

/** Calls through the gateway beside a bare reverse proxy, `@fastify/reply-from`, and nginx. */
export async function benchGateway({ pairs, seconds, connections, profile, signal }: Options) {
  await using stage = await setGatewayStage(
    profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [],
  )
  console.log(
    `GET through the gateway: ${pairs} rounds of ${seconds} s each, medians; Node ${process.versions.node}, ${availableParallelism()} CPUs; logging and metrics on.`,
  )
  if (!stage.nginx) console.log('nginx is not installed: left out.')
  const names = contestantsOf(stage)
  const [most] = connections.toSorted((one, other) => other - one)
  for (const name of names) await measure(stage, name, most!, warmUpSeconds, signal)
  for (const count of connections) {
    const slices = new Map<Name, Slice[]>(names.map((name) => [name, []]))
    for (let round = 0; round < pairs; round++) {
      for (let turn = 0; turn < names.length; turn++) {
        const name = names[(round + turn) % names.length]!
        slices.get(name)!.push(await measure(stage, name, count, seconds, signal))
      }
    }
    report(count, slices)
  }
}

function contestantsOf({ nginx }: GatewayStage): Name[] {
  return [
    'vendor, direct',
    ...(nginx ? (['nginx'] as const) : []),
    'floor',
    'floor again',
    'ours',
    'ours, limited',
    'ours, limited, 3 replicas',
  ]
}

async function measure(
  stage: GatewayStage,
  name: Name,
  connections: number,
  seconds: number,
  signal: AbortSignal,
): Promise<Slice> {
  signal.throwIfAborted()
  const { servers, authorization } = placeOf(stage, name)
  const [first, ...others] = servers
  const path = name === 'vendor, direct' ? '/contacts/1' : '/proxy/contacts/1'
  const order: LoadOrder = {
    url: first!.url + path,
    others: others.map(({ url }) => url),
    headers: { accept: 'application/json', ...(authorization && { authorization }) },
    connections,
    ms: seconds * 1000,
  }
  const readCpu = async () => {
    const times = await Promise.all(servers.map(({ pid }) => cpuOf(pid)))
    return times.reduce<number>((sum, time) => sum + (time ?? Number.NaN), 0)
  }
  const before = await readCpu()
  const { ms, latencies, statuses, refusal } = await stage.load(order)
  const cpu = ((await readCpu()) - before) / latencies.length
  const refused = latencies.length - (statuses[200] ?? 0)
  if (refused > 0) throw new Error(`"${name}" does not answer as it should:\n${refusal}`)
  return {
    perSecond: (latencies.length / ms) * 1000,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    cpu,
    refused,
  }
}

function placeOf(stage: GatewayStage, name: Name) {
  const { vendor, floor, nginx, services, unlimited, limited } = stage
  if (name === 'vendor, direct') return { servers: [vendor] }
  if (name === 'nginx') return { servers: [nginx!] }
  if (name === 'floor' || name === 'floor again') return { servers: [floor] }
  if (name === 'ours') return { servers: services.slice(0, 1), authorization: unlimited }
  const servers = name === 'ours, limited' ? services.slice(0, 1) : services
  return { servers, authorization: limited }
}

function report(connections: number, slices: Map<Name, Slice[]>) {
  const figures = ['perSecond', 'p50', 'p99', 'cpu'] as const
  const middle = (name: Name, figure: (typeof figures)[number]) =>
    median(slices.get(name)!.map((slice) => slice[figure]))
  const heading = `${connections} connection${connections === 1 ? '' : 's'}`
  const rows = [...slices.keys()].map((name) => [
    name,
    middle(name, 'perSecond').toFixed(0),
    throughput(slices, name).toFixed(2),
    ...figures.slice(1).map((figure) => middle(name, figure).toFixed(2)),
  ])
  const columns = [heading, 'per s', 'of the floor', 'p50 ms', 'p99 ms', 'CPU ms']
  console.log(`\n${alignColumns([columns, ...rows])}`)
  for (const [name, aim] of Object.entries(throughputAims)) {
    if (connections !== targetConnections) continue
    const reached = throughput(slices, name as Name)
    console.log(
      `${name}: ${reached.toFixed(2)} of the floor, wanted ${aim}: ${judge(reached >= aim)}`,
    )
  }
  if (connections === 1) {
    const added = (name: Name) => middle(name, 'p50') - middle('vendor, direct', 'p50')
    const ratio = added('ours') / added('floor')
    console.log(
      `added to the vendor's p50: floor ${added('floor').toFixed(3)} ms, ours ${added('ours').toFixed(3)} ms, ${ratio.toFixed(2)} times; wanted ${addedAim}: ${judge(ratio <= addedAim)}`,
    )
  }
  const steadiness = throughput(slices, 'floor again', ['floor'])
  const faults = [
    (steadiness < 0.9 || steadiness > 1.1) && 'the machine was not steady enough',
    slices.get('floor')!.length < leastPairs && `fewer than ${leastPairs} rounds`,
  ].filter(Boolean)
  const verdict = faults.length === 0 ? 'counts' : `does NOT count: ${faults.join(', ')}`
  console.log(`floor against floor: ${steadiness.toFixed(2)}; this run ${verdict}`)
}

/** Round by round, so that what slows the whole machine for a while slows both sides. */
function throughput(
  slices: Map<Name, Slice[]>,
  name: Name,
  others: readonly Name[] = ['floor', 'floor again'],
): number {
  const beside = others.map((other) => slices.get(other)!)
  return median(
    slices.get(name)!.map(({ perSecond }, round) => {
      const sum = beside.reduce((total, one) => total + one[round]!.perSecond, 0)
      return perSecond / (sum / beside.length)
    }),
  )
}

function judge(met: boolean): string {
  return met ? 'met' : 'MISSED'
}
