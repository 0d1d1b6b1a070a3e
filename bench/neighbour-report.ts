import { alignColumns, median } from './measure.ts'
import { manners, type Name } from './neighbour-manners.ts'
import type { Slice } from './neighbour-stage.ts'

/** Right after one another. */
export interface Round {
  nobody: Slice
  /** Beside the same calls, answered well; undefined where they are compared with nobody. */
  well: Slice | undefined
  bad: Slice
}

type Figure = 'perSecond' | 'p50' | 'p99' | 'cpu'

const leastRounds = 9
const aim = 1.5

/** @param alone how p99 differed between two slices beside nobody, once a round */
export function reportNeighbours(roundsOf: Map<Name, Round[]>, alone: readonly number[]) {
  const sides = ['nobody', 'well', 'bad'] as const
  const rows = [...roundsOf].map(([name, rounds]) => [
    name,
    middle(rounds, 'bad', 'perSecond', 0),
    ...sides.map((side) => middle(rounds, side, 'p50', 2)),
    ...sides.map((side) => middle(rounds, side, 'p99', 2)),
    ...sides.map((side) => middle(rounds, side, 'cpu', 0)),
    timesOf(rounds, 'nobody').toFixed(2),
    rounds[0]!.well ? timesOf(rounds, 'well').toFixed(2) : '-',
  ])
  const threeOf = (what: string) => [what, 'well', 'bad']
  const columns = [
    ...['neighbour', 'per s', ...threeOf('p50 alone'), ...threeOf('p99 alone')],
    ...[...threeOf('CPU alone'), 'p99/alone', 'p99/well'],
  ]
  console.log(`\n${alignColumns([columns, ...rows])}`)
  console.log(
    'Milliseconds; the CPU is what the service used in a second. `alone`: beside nobody. `well`: beside the same calls of the neighbour to a vendor that answers them well. `bad`: beside a vendor that does what the row says.',
  )
  for (const [name, rounds] of roundsOf) console.log(judge(name, rounds))
  const steadiness = median(alone)
  const faults = [
    (steadiness < 0.9 || steadiness > 1.1) && 'the machine was not steady enough',
    alone.length < leastRounds && `fewer than ${leastRounds} rounds`,
  ].filter(Boolean)
  const verdict = faults.length === 0 ? 'counts' : `does NOT count: ${faults.join(', ')}`
  console.log(`alone against alone: ${steadiness.toFixed(2)}; this run ${verdict}`)
}

function middle(rounds: readonly Round[], side: keyof Round, figure: Figure, digits: number) {
  if (!rounds[0]![side]) return '-'
  return median(rounds.map((round) => round[side]![figure])).toFixed(digits)
}

function judge(name: Name, rounds: readonly Round[]): string {
  const { callers, beside } = manners[name]
  const against = beside === 'nobody' ? 'nobody' : 'well'
  const times = timesOf(rounds, against)
  const than = against === 'nobody' ? 'alone' : 'beside the same calls answered well'
  const verdict = times <= aim ? 'met' : 'MISSED'
  return `${name}, ${callers} calls at once (a second: ${tellEnds(rounds)}): ${times.toFixed(2)} times the p99 ${than}, at most ${aim}: ${verdict}`
}

/** What became of the neighbour's calls. */
function tellEnds(rounds: readonly Round[]): string {
  const all = rounds.map(({ bad }) => bad.neighbours)
  const ends = [...new Set(all.flatMap((ended) => Object.keys(ended)))]
  const told = ends.map((end) => {
    const perSecond = median(all.map((ended) => ended[end] ?? 0))
    return `${perSecond < 1 ? perSecond.toFixed(1) : perSecond.toFixed(0)} ${end}`
  })
  return told.join(', ') || 'none ended'
}

/** What becomes of p99. */
function timesOf(rounds: readonly Round[], against: 'nobody' | 'well'): number {
  return median(rounds.map((round) => round.bad.p99 / round[against]!.p99))
}
