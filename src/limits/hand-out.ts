import type { Asked } from './asking.ts'
import type { Pace } from './pace.ts'
import type { Waiting } from './waiting.ts'

/** What became of what was granted. */
export interface HandedOut {
  /** Who got nothing. */
  left: Waiting[]
  /** Permits that nobody took. */
  spare: number
  /** Permits for calls that are yet to come. */
  stocked: number
}

/**
 * Gives to calls what was granted to each run of them.
 * @param isLate whether what was granted is of no use any more
 */
export async function handOut(
  { wanted, runs, granted }: { wanted: Waiting[]; runs: Asked['runs']; granted: number[] },
  pace: Pace,
  isLate: () => boolean,
  give: (one: Waiting) => void,
): Promise<HandedOut> {
  const handed: HandedOut = { left: [], spare: 0, stocked: 0 }
  let start = 0
  for (const [at, { count }] of runs.entries()) {
    const turns = granted[at]!
    handed.stocked += Math.max(0, start + turns - wanted.length)
    for (const [place, one] of wanted.slice(start, start + count).entries()) {
      if (place >= turns) {
        handed.left.push(one)
        continue
      }
      await pace.step()
      // It may have left meanwhile, or have been given what was in stock.
      if (one.line && !isLate()) give(one)
      else {
        handed.spare += 1
        for (const gate of one.gates) gate.correct()
      }
    }
    start += count
  }
  return handed
}
