import type { Cancellation } from '../egress/stream-request.ts'
/** At most so many calls started in any such time. */
export interface LimitWindow {
  amount: number
  periodMs: number
}

/** Calls that a vendor takes in a time. */
export interface LimitBudget {
  /** Unique in the organization: `instance/12`, `shared/7`. */
  name: string
  /** Counts the changes of the windows: the highest that anyone has named is in force. */
  revision: number
  windows: readonly LimitWindow[]
}

/** Calls that may be in flight at once. */
export interface LimitPool {
  /** Unique in the organization: `instance/12`, `pool/3`. */
  name: string
  revision: number
  limit: number
  waitMs?: number | undefined
  /** After that a call in flight is told to end. */
  holdMs?: number | undefined
}

/** What a call has to wait for: permits of a budget, and a place in each pool. */
export interface Limited {
  organizationId: number
  /** Among whom a budget is shared fairly: the instance's id. */
  share: number
  budget?: LimitBudget | undefined
  pools: readonly LimitPool[]
}

export type OverReason = 'held-too-long' | 'lease-over'

export interface WaitOptions {
  /** By `performance.now()`. */
  deadline: number
  signal?: Cancellation | undefined
  /** Before all others of its instance: its turn has been before. */
  first?: boolean | undefined
  /** The call in flight has to be ended now, and then released. */
  onOver?: ((reason: OverReason) => void) | undefined
}

/** The turn of one call. */
export interface Permit {
  /** Whether the call may still start: asked right before its first byte is written. */
  isFresh(): boolean
  /** Its first byte was written. */
  sent(): void
  /** The call is over; a permit that was not used goes back. May be said twice. */
  release(): void
  /** `RateLimit` and `RateLimit-Policy`, as this process knows them; none without a budget. */
  headers(): Record<string, string>
}

export interface WindowState extends LimitWindow {
  used: number
  /** Until less of it is used; 0 where nothing is. */
  resetMs: number
}

/** How full things are, over all replicas. */
export interface LimitState {
  budget?: {
    name: string
    windows: WindowState[]
    waiting: number
    longestWaitMs: number
    /** Milliseconds for which nothing starts. */
    pausedMs: number
  }
  pools: {
    name: string
    limit: number
    inUse: number
    waiting: number
    longestWaitMs: number
    /** The instances whose calls are in flight, as their processes last said. */
    holders: { instanceId: number; calls: number }[]
  }[]
}
