import type { Asked } from './asking.ts'
import type { CallQueue } from './call-queue.ts'
import type { PoolGate, Wakeable } from './pool-gate.ts'
import type { Waiting } from './waiting.ts'

const maxPools = 40

/** Calls to be asked for in one question, and what it says of their pools. */
export interface NextCalls extends Pick<Asked, 'pools' | 'runs'> {
  wanted: Waiting[]
  /** In the order of `pools`; no other question names them until this one is answered. */
  gates: PoolGate[]
}

/** The next calls that may be asked for now. Of those that may not, the gates wake their queue. */
export function nextCalls(calls: CallQueue, most: number, now: number, queue: Wakeable): NextCalls {
  const gates: PoolGate[] = []
  const may = (one: Waiting): boolean => {
    const closed = one.gates.find((gate) => !gate.isOpen(now))
    closed?.await(queue)
    const more = one.gates.filter((gate) => !gates.includes(gate))
    if (closed || gates.length + more.length > maxPools) return false
    gates.push(...more)
    return true
  }
  const wanted = calls.next(most, may)
  gates.sort((one, other) => (one.terms.name < other.terms.name ? -1 : 1))
  const pools = gates.map((gate) => {
    gate.asking = true
    const first = wanted.find((one) => one.gates.includes(gate))!
    return gate.describe(now - first.since)
  })
  return { wanted, gates, pools, runs: runsOf(wanted, gates) }
}

/** Those in a row that need the same pools. */
function runsOf(wanted: readonly Waiting[], gates: readonly PoolGate[]): Asked['runs'] {
  const runs: Asked['runs'] = []
  for (const one of wanted) {
    const mask = one.gates.reduce((bits, gate) => bits + 2 ** gates.indexOf(gate), 0)
    const run = runs.at(-1)
    if (run?.pools === mask) run.count += 1
    else runs.push({ count: 1, pools: mask })
  }
  return runs
}
