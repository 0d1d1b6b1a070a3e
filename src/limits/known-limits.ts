import type { BudgetQueue } from './budget-queue.ts'
import type { LimitBudget, Limited, LimitPool } from './limited.ts'
import { PoolGate } from './pool-gate.ts'

/** Budgets and pools that are remembered though nobody waits. */
const mostIdle = 5_000

interface Organization {
  queues: Map<string, BudgetQueue>
  gates: Map<string, PoolGate>
}

/** The budgets and pools that this process has met. There is never a second one of what is in use. */
export class KnownLimits {
  readonly #organizations = new Map<number, Organization>()
  readonly #open: (organizationId: number, budget: LimitBudget | undefined) => BudgetQueue
  readonly #tell: (organizationId: number, gate: PoolGate) => void
  #size = 0
  #forgetAt = mostIdle

  constructor(made: {
    open(organizationId: number, budget: LimitBudget | undefined): BudgetQueue
    tell(organizationId: number, gate: PoolGate): void
  }) {
    this.#open = made.open
    this.#tell = made.tell
  }

  queueOf({ organizationId, budget, pools }: Limited): BudgetQueue {
    const { queues } = this.#organization(organizationId)
    const name = budget ? `budget ${budget.name}` : `pools ${pools.map((pool) => pool.name).sort()}`
    const known = queues.get(name)
    if (known) return known
    const queue = this.#open(organizationId, budget)
    queues.set(name, queue)
    this.#size += 1
    return queue
  }

  gateOf(organizationId: number, pool: LimitPool): PoolGate {
    const { gates } = this.#organization(organizationId)
    const known = gates.get(pool.name)
    if (known) {
      if (pool.revision > known.terms.revision) known.terms = pool
      return known
    }
    const gate = new PoolGate(pool, (told) => this.#tell(organizationId, told))
    gates.set(pool.name, gate)
    this.#size += 1
    return gate
  }

  /** What is of no use goes, once there is much of it; not between finding a thing and using it. */
  forget() {
    if (this.#size < this.#forgetAt) return
    this.#size = 0
    for (const [id, { queues, gates }] of this.#organizations) {
      for (const [name, queue] of queues) if (queue.isIdle) queues.delete(name)
      for (const [name, gate] of gates) if (gate.isIdle) gates.delete(name)
      this.#size += queues.size + gates.size
      if (queues.size + gates.size === 0) this.#organizations.delete(id)
    }
    this.#forgetAt = this.#size + mostIdle
  }

  organizationIds(): number[] {
    return [...this.#organizations.keys()]
  }

  queues(): BudgetQueue[] {
    return [...this.#organizations.keys()].flatMap((id) => this.queuesOf(id))
  }

  queuesOf(organizationId: number): BudgetQueue[] {
    return [...(this.#organizations.get(organizationId)?.queues.values() ?? [])]
  }

  gates(): PoolGate[] {
    return [...this.#organizations.values()].flatMap(({ gates }) => [...gates.values()])
  }

  #organization(id: number): Organization {
    const known = this.#organizations.get(id)
    if (known) return known
    const met: Organization = { queues: new Map(), gates: new Map() }
    this.#organizations.set(id, met)
    return met
  }
}
