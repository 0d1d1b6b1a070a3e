import { isAdmin } from '../access/ownership.ts'
import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import type { LimitState } from './limited.ts'
import { sharedLimited } from './limited-by.ts'
import { nameInstances } from './names-store.ts'
import type { KnownShared } from './shared-store.ts'

type Budget = NonNullable<LimitState['budget']>
type Pool = LimitState['pools'][number]
type Needs = Pick<Context, 'db' | 'limiter'>

/** How full something shared is, over all replicas, with the instances that the caller may see. */
export async function readShared(context: Needs, principal: Principal, shared: KnownShared) {
  const limited = sharedLimited(shared)
  const { budget, pools } = await context.limiter.state(limited)
  if (budget) return showBudget(budget, limited.budget!.windows)
  const show = await holdersFor(context, principal, pools)
  return show(pools[0]!)
}

/** @param windows as they are in force now: what is counted may be of before a change */
export function showBudget(
  budget: Budget,
  windows: readonly { amount: number; periodMs: number }[],
): object {
  const { waiting, longestWaitMs, pausedMs } = budget
  return {
    windows: windows.map(({ amount, periodMs }) => {
      const found = budget.windows.find((one) => one.periodMs === periodMs)
      const { used = 0, resetMs = 0 } = found ?? {}
      return {
        amount,
        periodSeconds: periodMs / 1000,
        used,
        remaining: pausedMs > 0 ? 0 : Math.max(0, amount - used),
        resetSeconds: inSeconds(resetMs),
      }
    }),
    waiting,
    longestWaitSeconds: inSeconds(longestWaitMs),
    pausedSeconds: inSeconds(pausedMs),
  }
}

/** Shows pools to a caller: whose calls are in flight is known to whom those instances are. */
export async function holdersFor(
  { db }: Pick<Needs, 'db'>,
  { organizationId, user }: Principal,
  pools: readonly Pool[],
): Promise<(pool: Pool) => object> {
  const ids = pools.flatMap(({ holders }) => holders.map(({ instanceId }) => instanceId))
  const named = ids.length > 0 ? await nameInstances(db, organizationId, ids) : []
  const mayAll = isAdmin({ user })
  const seen = new Map(
    named.filter(({ userId }) => mayAll || userId === user.id).map(({ id, name }) => [id, name]),
  )
  return ({ inUse, waiting, longestWaitMs, holders }) => {
    const others = holders.filter(({ instanceId }) => !seen.has(instanceId))
    return {
      inUse,
      waiting,
      longestWaitSeconds: inSeconds(longestWaitMs),
      holders: holders.flatMap(({ instanceId: id, calls }) => {
        const name = seen.get(id)
        return name === undefined ? [] : [{ id, name, calls }]
      }),
      otherHolders: {
        instances: others.length,
        calls: others.reduce((sum, { calls }) => sum + calls, 0),
      },
    }
  }
}

function inSeconds(ms: number): number {
  return Math.round(ms) / 1000
}
