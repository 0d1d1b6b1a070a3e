import type { VendorReport } from './measuring-vendor.ts'

export interface Window {
  amount: number
  periodMs: number
}

/**
 * The closest that a vendor saw `amount + 1` calls together, for each time that this was within the
 * period. Times in which the vendor itself stood still longer than the jitter do not count.
 */
export function violationsOf(
  { arrivals, stalls }: VendorReport,
  { amount, periodMs }: Window,
  jitterMs: number,
): number[] {
  const times = arrivals.map(({ at }) => at).sort((one, other) => one - other)
  const long = stalls.filter(({ from, to }) => to - from > jitterMs)
  const violations: number[] = []
  for (let at = amount; at < times.length; at += 1) {
    const [from, to] = [times[at - amount]!, times[at]!]
    if (to - from >= periodMs) continue
    if (long.some((stall) => stall.from <= to && stall.to >= from - jitterMs)) continue
    violations.push(to - from)
  }
  return violations
}

/** How much of the limit was used between the first call and the last. */
export function useOf({ arrivals }: VendorReport, { amount, periodMs }: Window): number {
  const times = arrivals.map(({ at }) => at).sort((one, other) => one - other)
  // Whole cycles: from the first call of one to the first of the last.
  const cycles = Math.floor((times.length - 1) / amount)
  return (cycles * periodMs) / (times[cycles * amount]! - times[0]!)
}

/** How long it took from the first call to the `amount`th, in milliseconds. */
export function spreadOf({ arrivals }: VendorReport, amount: number): number {
  const times = arrivals.map(({ at }) => at).sort((one, other) => one - other)
  return times[amount - 1]! - times[0]!
}

/** How many calls came from each process that sent any. */
export function countsOf({ arrivals }: VendorReport): number[] {
  return [...Map.groupBy(arrivals, ({ from }) => from).values()].map(({ length }) => length)
}
