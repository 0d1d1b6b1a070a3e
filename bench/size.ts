import { alignColumns, median, percentile } from './measure.ts'
import type { Explained } from './plans.ts'
import type { SizeRequest } from './size-requests.ts'
import { buffersOf, type Size, type SizeStage, setSizeStage } from './size-stage.ts'
import type { Measured } from './stage.ts'

interface Options {
  pairs: number
  seconds: number
  connections: number[]
  /** How many the full database has. */
  instances: number
  /** They are the same on a machine that is busy, which times are not. */
  onlyBuffers: boolean
  signal: AbortSignal
}

const few = 1000
const wanted = 1.3
const leastPairs = 9

/** What requests read, and how long they take, with a thousand instances and with very many. */
export async function benchSize(options: Options) {
  const { connections, instances, onlyBuffers, signal, ...turns } = options
  await using stage = await setSizeStage()
  const small = await stage.fill(few)
  const started = performance.now()
  const big = await stage.fill(instances)
  const minutes = (performance.now() - started) / 60_000
  console.log(
    `${instances} instances in ${instances / 100 + 1} organizations, beside ${few} in ${few / 100 + 1}; filled in ${minutes.toFixed(1)} minutes.`,
  )
  signal.throwIfAborted()
  console.log(`\n${alignColumns(compareBuffers(small, big))}`)
  if (onlyBuffers) return
  const services = { small: await small.startService(), big: await big.startService() }
  const rows = [['p99 over HTTP', 'ms', 'ms', 'ratio', 'control', 'wanted']]
  for (const [at, request] of small.requests.entries()) {
    const pair = { small: request, big: big.requests[at]! }
    const given = { ...turns, connections: connections[0]!, signal }
    rows.push(await compareTimes(stage, services, pair, given))
  }
  console.log(`\n${alignColumns(rows)}`)
}

function compareBuffers(small: Size, big: Size): string[][] {
  const rows = [['buffers read', String(small.instances), String(big.instances), 'ratio', 'wanted']]
  for (const [at, { what }] of small.requests.entries()) {
    const [ours, theirs] = [small.explained[at]!, big.explained[at]!]
    rows.push(compared(what, buffersOf(ours), buffersOf(theirs), true))
    const names = [...new Set([...ours, ...theirs].map(nameOf))]
    for (const name of names) {
      const of = (all: Explained[]) => buffersOf(all.filter((one) => nameOf(one) === name))
      rows.push(compared(`  ${name}`, of(ours), of(theirs), false))
    }
  }
  return rows
}

function compared(what: string, small: number, big: number, judged: boolean): string[] {
  const ratio = big / small
  const shown = Number.isFinite(ratio) ? ratio.toFixed(2) : '–'
  return [what, String(small), String(big), shown, judged ? judge(ratio) : '']
}

function judge(ratio: number): string {
  return ratio <= wanted ? `${wanted}: met` : `${wanted}: MISSED`
}

/** The name of a prepared statement; of another what it reads by. */
function nameOf({ statement, nodes }: Explained): string {
  if (statement.name !== undefined) return statement.name
  const indexes = nodes.map((node) => node['Index Name']).filter((name) => name !== undefined)
  const verb = /\w+/.exec(statement.text)![0]
  return `${verb} by ${[...new Set(indexes)].join(', ') || 'nothing'}`
}

/** By turns, the small one twice, to see how far two measures of one thing differ. */
async function compareTimes(
  stage: SizeStage,
  services: { small: Measured; big: Measured },
  pair: { small: SizeRequest; big: SizeRequest },
  turns: { pairs: number; seconds: number; connections: number; signal: AbortSignal },
): Promise<string[]> {
  const slices = { small: [] as number[], big: [] as number[], again: [] as number[] }
  const order = ['small', 'big', 'again'] as const
  const measure = async (one: (typeof order)[number], seconds: number) => {
    turns.signal.throwIfAborted()
    const size = one === 'big' ? 'big' : 'small'
    const { path, ...request } = pair[size]
    const { latencies, refusal } = await stage.load({
      ...request,
      url: services[size].url + path,
      connections: turns.connections,
      ms: seconds * 1000,
    })
    if (refusal) throw new Error(`${pair.small.what}: ${refusal}`)
    return percentile(latencies, 99)
  }
  for (const one of order) await measure(one, turns.seconds)
  for (let round = 0; round < turns.pairs; round++) {
    for (let turn = 0; turn < order.length; turn++) {
      const one = order[(round + turn) % order.length]!
      slices[one].push(await measure(one, turns.seconds))
    }
  }
  const beside = slices.small.map((p99, round) => (p99 + slices.again[round]!) / 2)
  const ratio = median(slices.big.map((p99, round) => p99 / beside[round]!))
  const control = median(slices.small.map((p99, round) => p99 / slices.again[round]!))
  const counts = control >= 0.9 && control <= 1.1 && turns.pairs >= leastPairs
  return [
    pair.small.what,
    median(beside).toFixed(2),
    median(slices.big).toFixed(2),
    ratio.toFixed(2),
    control.toFixed(2),
    counts ? judge(ratio) : 'does not count',
  ]
}
