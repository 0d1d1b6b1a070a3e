import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../http/errors.ts'

const patienceMs = 60_000

/**
 * Does something again while it is refused for want of a place at the vendor alone: whoever sends
 * many lines has them wait, rather than send them again.
 * @throws {Refusal} `probes-busy` after a minute, or once `stop` says so
 */
export async function whenAdmitted<Result>(
  stop: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  const until = performance.now() + patienceMs
  while (true) {
    try {
      return await work()
    } catch (error) {
      const busy = error instanceof Refusal && error.code === 'probes-busy'
      if (!busy || stop.aborted || performance.now() > until) throw error
      await sleep((error.details.retryAfter ?? 1) * 1000)
    }
  }
}
