import { alignColumns, median } from './measure.ts'

/** What is measured by turns; the floor twice, to see how far two measures of one thing differ. */
export const contestants = ['ours', 'ours, Idempotency-Key', 'floor', 'floor again'] as const
export type Contestant = (typeof contestants)[number]

export interface Slice {
  perSecond: number
  p50: number
  p99: number
  /** Milliseconds of CPU per request; not known everywhere. */
  server: number
  vendor: number
  postgres: number
  refused: number
  refusal: string | undefined
}

type Figure = Exclude<keyof Slice, 'refusal'>
export type Slices = Record<Contestant, Slice[]>

const leastPairs = 9
const floors = ['floor', 'floor again'] as const
const targetConnections = 64
/** Against the floor: throughput at least, p99 at most. */
const targets = {
  ours: { perSecond: { needed: 0.6, wanted: 0.8 }, p99: { needed: 1.75, wanted: 1.3 } },
  'ours, Idempotency-Key': { perSecond: { needed: 0.45 } },
} as const

/** Prints medians, ratios, and whether they count. */
export function report(connections: number, slices: Slices) {
  const columns = ['per s', 'p50 ms', 'p99 ms', 'CPU ms: server', 'vendor', 'PostgreSQL']
  const heading = `${connections} connection${connections === 1 ? '' : 's'}`
  const rows = contestants.map((contestant) => [
    contestant,
    showMedian(slices[contestant], 'perSecond', 0),
    ...(['p50', 'p99', 'server', 'vendor', 'postgres'] as const).map((figure) =>
      showMedian(slices[contestant], figure, 2),
    ),
  ])
  console.log(`\n${alignColumns([[heading, ...columns], ...rows])}`)
  for (const contestant of ['ours', 'ours, Idempotency-Key'] as const) {
    const { perSecond, p99 }: Aims = connections === targetConnections ? targets[contestant] : {}
    const throughput = ratio(slices, 'perSecond', contestant, floors)
    const slowest = ratio(slices, 'p99', contestant, floors)
    console.log(
      `${contestant} against the floor: throughput ${judge(throughput, perSecond, (limit) => throughput >= limit)}; p99 ${judge(slowest, p99, (limit) => slowest <= limit)}`,
    )
  }
  const steadiness = ratio(slices, 'perSecond', 'floor', ['floor again'])
  const all = contestants.flatMap((contestant) => slices[contestant])
  const refused = all.reduce((sum, slice) => sum + slice.refused, 0)
  const faults = [
    (steadiness < 0.9 || steadiness > 1.1) && 'the machine was not steady enough',
    slices.floor.length < leastPairs && `fewer than ${leastPairs} rounds`,
    refused > 0 && 'not every answer was a 200',
  ].filter(Boolean)
  const verdict =
    faults.length === 0 ? 'this run counts' : `this run does NOT count: ${faults.join(', ')}`
  console.log(`floor against floor: throughput ${steadiness.toFixed(2)}; ${verdict}`)
  console.log(`answers other than 200: ${refused}`)
  if (refused > 0) {
    console.log(all.find((slice) => slice.refusal)?.refusal)
    process.exitCode = 1
  }
}

interface Aim {
  needed: number
  wanted?: number
}

interface Aims {
  perSecond?: Aim
  p99?: Aim
}

function showMedian(slices: Slice[], figure: Figure, digits: number): string {
  const value = median(slices.map((slice) => slice[figure]))
  return Number.isNaN(value) ? '–' : value.toFixed(digits)
}

/** Round by round, so that what slows the whole machine for a while slows both sides. */
function ratio(
  slices: Slices,
  figure: Figure,
  contestant: Contestant,
  others: readonly Contestant[],
): number {
  return median(
    slices[contestant].map((slice, round) => {
      const beside = others.map((other) => slices[other][round]![figure])
      return slice[figure] / (beside.reduce((sum, one) => sum + one, 0) / beside.length)
    }),
  )
}

function judge(value: number, aim: Aim | undefined, meets: (limit: number) => boolean): string {
  if (!aim) return value.toFixed(2)
  const { needed, wanted } = aim
  const words = [
    `needed ${needed}: ${meets(needed) ? 'met' : 'MISSED'}`,
    wanted !== undefined && `wanted ${wanted}: ${meets(wanted) ? 'met' : 'not yet'}`,
  ]
  return `${value.toFixed(2)} (${words.filter(Boolean).join(', ')})`
}
