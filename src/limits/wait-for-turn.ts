import type { BudgetQueue } from './budget-queue.ts'
import type { Deadlines } from './deadlines.ts'
import type { Limited, LimitPool, Permit, WaitOptions } from './limited.ts'
import type { PoolGate } from './pool-gate.ts'
import { waitOver } from './refusals.ts'
import type { Waiting } from './waiting.ts'

/** Of the calls that ask not to wait: for the question. */
const leastWaitMs = 100

/** Where calls wait, of whatever instance. */
export interface WaitingRoom {
  readonly deadlines: Deadlines
  queueOf(limited: Limited): BudgetQueue
  gateOf(organizationId: number, pool: LimitPool): PoolGate
  /** A call does not wait any more. */
  left(organizationId: number): void
}

/** Has a call wait until its turn comes, its time is over, or it is aborted. */
export function waitForTurn(
  room: WaitingRoom,
  limited: Limited,
  { deadline, signal, first = false, onOver }: WaitOptions,
): Promise<Permit> {
  const since = performance.now()
  const { promise, resolve, reject } = Promise.withResolvers<Permit>()
  let leave = () => {}
  const end = () => {
    leave()
    room.left(limited.organizationId)
    signal?.removeEventListener('abort', abort)
  }
  const grant = (permit: Permit) => {
    end()
    resolve(permit)
  }
  const refuse = (error: unknown) => {
    end()
    reject(error)
  }
  const abort = () => refuse(signal!.reason)
  const join = (by: Limited) => {
    const { organizationId, pools } = by
    const queue = room.queueOf(by)
    const waits = pools.map(({ waitMs }) => since + (waitMs ?? Number.POSITIVE_INFINITY))
    const holds = pools.flatMap(({ holdMs }) => holdMs ?? [])
    const waiting: Waiting = {
      limited: by,
      gates: pools.map((pool) => room.gateOf(organizationId, pool)),
      since,
      deadline: Math.max(Math.min(deadline, ...waits), since + leastWaitMs),
      holdMs: holds.length > 0 ? Math.min(...holds) : undefined,
      onOver,
      due: undefined,
      line: undefined,
      before: undefined,
      after: undefined,
      grant,
      refuse,
      expire() {
        leave()
        refuse(waitOver(by, queue.calls.state()))
      },
      move(to) {
        leave()
        if (to) join(to)
        else grant(unlimited)
      },
    }
    leave = () => {
      queue.leave(waiting)
      room.deadlines.delete(waiting)
    }
    room.deadlines.add(waiting)
    queue.join(waiting, first)
  }
  signal?.addEventListener('abort', abort, { once: true })
  join(limited)
  return promise
}

const unlimited: Permit = {
  isFresh: () => true,
  sent() {},
  release() {},
  headers: () => ({}),
}
