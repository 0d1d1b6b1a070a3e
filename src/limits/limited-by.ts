import type { Db } from '../database/database.ts'
import type { LimitBudget, Limited, LimitPool, LimitWindow } from './limited.ts'
import type { PoolTerms, SharedRecord, SharedTerms } from './shared-store.ts'
import { findTerms, type Terms } from './terms-store.ts'

const unitMs = new Map([
  ['second', 1_000],
  ['minute', 60_000],
  ['hour', 3_600_000],
  ['day', 86_400_000],
])

interface Window {
  amount: number
  unit: string
  every?: number | undefined
}

/** What limits the calls of an instance, as its settings and its element say. */
export interface LimitSettings {
  rateLimits?: readonly Window[] | undefined
  /** In the place of `rateLimits`. */
  rateLimitId?: number | undefined
  connectionPoolId?: number | undefined
  /** Calls of the instance in flight at once. */
  concurrency?: number | undefined
}

/** What calls through an instance have to wait for; undefined where nothing limits them. */
export async function findLimited(
  { db }: { db: Db },
  instance: { organizationId: number; id: number; revision: number },
  settings: LimitSettings,
): Promise<Limited | undefined> {
  const { rateLimitId, connectionPoolId, rateLimits = [], concurrency } = settings
  const { organizationId, id, revision } = instance
  const ids = [rateLimitId, connectionPoolId].filter((one) => one !== undefined)
  const found = ids.length > 0 ? await findTerms(db, organizationId, ids) : []
  const name = `instance/${id}`
  const shared = found.find((one) => one.id === rateLimitId)
  const budget: LimitBudget | undefined = shared
    ? sharedBudget(shared as Terms<'rate-limit'>)
    : rateLimitId === undefined && rateLimits.length > 0
      ? { name, revision, windows: windowsOf(rateLimits) }
      : undefined
  const pools: LimitPool[] = found
    .filter((one) => one.id === connectionPoolId)
    .map((one) => sharedPool(one as Terms<'connection-pool'>))
  if (concurrency !== undefined) pools.push({ name, revision, limit: concurrency })
  if (!budget && pools.length === 0) return undefined
  return { organizationId, share: id, budget, pools }
}

/** What all instances have together which name it. */
export function sharedLimited({ organizationId, kind, ...found }: SharedRecord): Limited {
  const shared = { kind, ...found }
  return kind === 'rate-limit'
    ? { organizationId, share: 0, budget: sharedBudget(shared as Terms<'rate-limit'>), pools: [] }
    : { organizationId, share: 0, pools: [sharedPool(shared as Terms<'connection-pool'>)] }
}

function sharedBudget({ id, revision, terms }: Terms<'rate-limit'>): LimitBudget {
  const { windows } = terms as SharedTerms['rate-limit']
  return { name: `shared/${id}`, revision, windows: windowsOf(windows) }
}

function sharedPool({ id, revision, terms }: Terms<'connection-pool'>): LimitPool {
  const { limit, waitTimeout, holdTimeout } = terms as PoolTerms
  const waitMs = waitTimeout * 1000
  return { name: `pool/${id}`, revision, limit, waitMs, holdMs: holdTimeout * 1000 }
}

function windowsOf(limits: readonly Window[]): LimitWindow[] {
  return limits.map(({ amount, unit, every = 1 }) => ({
    amount,
    periodMs: every * unitMs.get(unit)!,
  }))
}
