import { type Db, prepared } from '../database/database.ts'
import type { LimitBudget } from './limited.ts'

type Queries = Pick<Db, 'pool'>

/** What a budget's windows are in the database: microseconds. */
export interface BudgetTerms {
  name: string
  revision: number
  amounts: number[]
  periods: number[]
  margins: number[]
}

export interface PoolQuestion {
  name: string
  revision: number
  limit: number
  held: number
  calls: [instanceId: number, calls: number][]
  waiting: number
  waitedMs: number
}

export interface Question {
  organizationId: number
  replica: number
  /** Higher than that of every question before. */
  number: number
  budget?:
    | {
        terms: BudgetTerms
        waiting: number
        waitedMs: number
        /** How much later than the margin allows for a call may start. */
        patienceMs: number
        back: { at: number; count: number }[]
      }
    | undefined
  /** In the order of their names. */
  pools: PoolQuestion[]
  /** So many calls in a row that need these of the pools, as bits. */
  runs: { count: number; pools: number }[]
}

export interface Answer {
  /** Of each run. */
  granted: number[]
  /** When, by the database's clock. */
  at: number
  /** Microseconds until there may be another permit. */
  wait: number
  /** The process has to register anew: what it held is given to others. */
  lapsed: boolean
  freePlaces: number[]
  othersWait: boolean[]
  windowPeriods: number[]
  remaining: number[]
  resets: number[]
}

const take = {
  name: 'limit-take',
  text: `select granted, at, wait, lapsed, free_places as "freePlaces", others_wait as "othersWait",
      window_periods::text[] as "windowPeriods", remaining, resets::text[] as resets
    from limit_take($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
      $19, $20, $21, $22)`,
}

/** Asks for permits and places; what it gives back counts whether or not the answer arrives. */
export async function takePermits(db: Queries, question: Question): Promise<Answer> {
  const { budget, pools, runs } = question
  const none: BudgetTerms = { name: '', revision: 0, amounts: [], periods: [], margins: [] }
  const { name, revision, amounts, periods, margins } = budget?.terms ?? none
  const [row] = await prepared<Answer>(db.pool, take, [
    question.organizationId,
    question.replica,
    question.number,
    budget ? name : null,
    revision,
    amounts,
    periods,
    margins,
    budget?.waiting ?? 0,
    micros(budget?.waitedMs ?? 0),
    micros(budget?.patienceMs ?? 0),
    budget?.back.map(({ at }) => at) ?? [],
    budget?.back.map(({ count }) => count) ?? [],
    pools.map((pool) => pool.name),
    pools.map((pool) => pool.revision),
    pools.map((pool) => pool.limit),
    pools.map((pool) => pool.held),
    JSON.stringify(pools.map((pool) => pool.calls)),
    pools.map((pool) => pool.waiting),
    pools.map((pool) => micros(pool.waitedMs)),
    runs.map((run) => run.count),
    runs.map((run) => run.pools),
  ])
  const { windowPeriods, resets, ...answer } = row!
  return { ...answer, windowPeriods: windowPeriods.map(Number), resets: resets.map(Number) }
}

const pause = {
  name: 'limit-pause',
  text: 'select limit_pause($1, $2, $3, $4, $5, $6, $7)',
}

/** Nothing of the budget is granted for so long, to anybody. */
export async function pauseBudget(
  db: Queries,
  organizationId: number,
  { name, revision, amounts, periods, margins }: BudgetTerms,
  ms: number,
) {
  const values = [organizationId, name, revision, amounts, periods, margins, micros(ms)]
  await prepared(db.pool, pause, values)
}

const beat = { name: 'limit-beat', text: 'select limit_beat($1, $2, $3) as alive' }

/** @returns false where it came too late: the process needs another id */
export async function beatReplica(
  db: Queries,
  replica: number,
  leaseMs: number,
  isNew: boolean,
): Promise<boolean> {
  const [row] = await prepared<{ alive: boolean }>(db.pool, beat, [replica, micros(leaseMs), isNew])
  return row!.alive
}

const leave = { name: 'limit-leave', text: 'delete from limit_replicas where id = $1' }

export async function removeReplica(db: Queries, replica: number) {
  await prepared(db.pool, leave, [replica])
}

/** @param marginFor how much longer than a window its calls are counted, in milliseconds */
export function termsOf(budget: LimitBudget, marginFor: (periodMs: number) => number): BudgetTerms {
  const amounts = new Map<number, number>()
  for (const { amount, periodMs } of budget.windows) {
    amounts.set(periodMs, Math.min(amount, amounts.get(periodMs) ?? amount))
  }
  const periods = [...amounts.keys()]
  return {
    name: budget.name,
    revision: budget.revision,
    amounts: [...amounts.values()],
    periods: periods.map(micros),
    margins: periods.map((periodMs) => micros(marginFor(periodMs))),
  }
}

function micros(ms: number): number {
  return Math.round(ms * 1000)
}
