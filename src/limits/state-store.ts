import { type Db, prepared } from '../database/database.ts'
import type { Limited, LimitState, WindowState } from './limited.ts'

const budgets = {
  name: 'limit-budget-state',
  text: `
    select greatest(0, b.paused_until - limit_clock()) / 1000.0 as "pausedMs",
      (select coalesce(jsonb_agg(jsonb_build_object('amount', w.amount, 'periodMs', w.period / 1000,
          'used', used, 'resetMs', greatest(0, (oldest + w.period + w.margin - limit_clock()) / 1000.0)
        ) order by w.period), '[]')
        from limit_windows w cross join lateral (
          select coalesce(sum(count), 0) as used, coalesce(min(last), 0) as oldest
          from unnest(w.lasts, w.counts) as batch (last, count)
          where last > limit_clock() - w.period - w.margin) as batches
        where w.organization_id = b.organization_id and w.budget = b.name
          and w.organization_id = $1 and w.amount is not null) as windows,
      coalesce(sum(a.waiting), 0)::float8 as waiting,
      coalesce(limit_clock() - min(a.waiting_since), 0) / 1000.0 as "longestWaitMs"
    from limit_budgets b
    left join limit_askers a on a.organization_id = b.organization_id and a.organization_id = $1
      and a.budget = b.name and a.waiting > 0 and a.asked_at > limit_clock() - 60000000
    where b.organization_id = $1 and b.name = $2
    group by b.organization_id, b.name`,
}

const pools = {
  name: 'limit-pool-state',
  text: `
    select p.name, p.places as limit, coalesce(sum(h.held), 0)::float8 as "inUse",
      coalesce(sum(h.waiting), 0)::float8 as waiting,
      coalesce(limit_clock() - min(h.waiting_since) filter (where h.waiting > 0), 0) / 1000.0
        as "longestWaitMs",
      coalesce(jsonb_agg(h.calls) filter (where h.held > 0), '[]') as calls
    from limit_pools p
    left join limit_holders h on h.organization_id = p.organization_id and h.organization_id = $1
      and h.pool = p.name and exists (select from limit_replicas r where r.id = h.replica)
    where p.organization_id = $1 and p.name = any ($2)
    group by p.organization_id, p.name order by p.name`,
}

interface BudgetRow {
  pausedMs: string
  windows: WindowState[]
  waiting: number
  longestWaitMs: string
}

interface PoolRow {
  name: string
  limit: number
  inUse: number
  waiting: number
  longestWaitMs: string
  calls: [number, number][][]
}

/** What has not been used for a long time, or never, reads as empty. */
export async function readLimits(db: Pick<Db, 'pool'>, limited: Limited): Promise<LimitState> {
  const { organizationId, budget } = limited
  const names = limited.pools.map(({ name }) => name)
  const [asked, found] = await Promise.all([
    budget ? prepared<BudgetRow>(db.pool, budgets, [organizationId, budget.name]) : [],
    names.length > 0 ? prepared<PoolRow>(db.pool, pools, [organizationId, names]) : [],
  ])
  const [row] = asked
  return {
    ...(budget && {
      budget: {
        name: budget.name,
        windows:
          row?.windows ?? budget.windows.map((window) => ({ ...window, used: 0, resetMs: 0 })),
        waiting: row?.waiting ?? 0,
        longestWaitMs: Number(row?.longestWaitMs ?? 0),
        pausedMs: Number(row?.pausedMs ?? 0),
      },
    }),
    pools: limited.pools.map(({ name, limit }) => {
      const { calls, ...known } = found.find((one) => one.name === name) ?? {
        ...{ name, limit, inUse: 0, waiting: 0, longestWaitMs: '0', calls: [] },
      }
      return { ...known, longestWaitMs: Number(known.longestWaitMs), holders: sumUp(calls) }
    }),
  }
}

function sumUp(calls: [number, number][][]) {
  const sums = new Map<number, number>()
  for (const [instanceId, count] of calls.flat()) {
    sums.set(instanceId, (sums.get(instanceId) ?? 0) + count)
  }
  return [...sums].map(([instanceId, count]) => ({ instanceId, calls: count }))
}
