import type { LimitWindow } from './limited.ts'

const names = new Map([
  [1, 'second'],
  [60, 'minute'],
  [3600, 'hour'],
  [86_400, 'day'],
])

/** What is left of a window, and the seconds until there is more. */
export interface Left {
  periodMs: number
  remaining: number
  resetMs: number
}

/** A vendor that tells of its own limits may call them by the same words. */
const prefix = 'latchkey-'

/**
 * A budget as structured fields (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4): every
 * window is a policy, and the tightest is what is left.
 */
export function renderRateLimit(
  windows: readonly LimitWindow[],
  left: readonly Left[],
): Record<string, string> {
  const policy = windows.map(
    ({ amount, periodMs }) => `"${prefix}${nameOf(periodMs)}";q=${amount};w=${seconds(periodMs)}`,
  )
  const known = left.filter((one) => windows.some(({ periodMs }) => periodMs === one.periodMs))
  const limit = known.map(
    ({ periodMs, remaining, resetMs }) =>
      `"${prefix}${nameOf(periodMs)}";r=${remaining};t=${seconds(resetMs)}`,
  )
  return {
    'RateLimit-Policy': policy.join(', '),
    ...(limit.length > 0 && { RateLimit: limit.join(', ') }),
  }
}

function nameOf(periodMs: number): string {
  const period = seconds(periodMs)
  const known = names.get(period)
  if (known) return known
  const [unit, name] = [...names].findLast(([length]) => period % length === 0)!
  return `${period / unit}-${name}s`
}

function seconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000))
}
