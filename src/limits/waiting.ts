import type { Dated } from './deadlines.ts'
import type { Limited, OverReason, Permit } from './limited.ts'
import type { Line } from './line.ts'
import type { PoolGate } from './pool-gate.ts'

/** A call that waits for its turn. */
export interface Waiting extends Dated {
  readonly limited: Limited
  readonly gates: readonly PoolGate[]
  readonly since: number
  readonly holdMs: number | undefined
  readonly onOver: ((reason: OverReason) => void) | undefined
  grant(permit: Permit): void
  refuse(error: unknown): void
  /** It goes on by other limits, as long as it waited; by none, it starts. */
  move(to: Limited | undefined): void
  /** Where it stands, as long as it does. */
  line: Line | undefined
  before: Waiting | undefined
  after: Waiting | undefined
}
