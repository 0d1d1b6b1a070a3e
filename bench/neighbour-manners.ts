/** Calls of another tenant, and what its vendor makes of them. */
interface Manner {
  /** What the vendor does, by path. */
  vendor: string
  /** So many calls at once, each left after a while, and the next one after a pause. */
  callers: number
  leaveAfterMs: number
  pauseMs: number
  /**
   * What it is compared with: no neighbour at all, where its calls cost next to nothing; else the same
   * calls to a vendor that answers them well, for they would cost others something too.
   */
  beside: 'nobody' | 'small' | 'large'
}

const patient = { leaveAfterMs: 5_000, pauseMs: 100 }

export const manners = {
  hang: { vendor: 'hang', callers: 200, leaveAfterMs: 1_000, pauseMs: 100, beside: 'nobody' },
  drip: { vendor: 'drip', callers: 50, leaveAfterMs: 1_000, pauseMs: 100, beside: 'nobody' },
  reset: { ...patient, vendor: 'reset', callers: 20, beside: 'small' },
  garbage: { ...patient, vendor: 'garbage', callers: 20, beside: 'small' },
  /** Whoever is refused asks again at once. */
  storm: { vendor: 'reset', callers: 4, leaveAfterMs: 5_000, pauseMs: 0, beside: 'small' },
  flood: { vendor: 'flood', callers: 2, leaveAfterMs: 1_000, pauseMs: 0, beside: 'large' },
} as const satisfies Record<string, Manner>

export type Name = keyof typeof manners
export const names = Object.keys(manners) as Name[]
