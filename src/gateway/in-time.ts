import { isOutage } from '../database/failure.ts'
import { Refusal } from '../http/errors.ts'

const patienceMs = 5_000

/**
 * What the database answers, if it does so soon: one that hangs is away for those who call through.
 * @throws {Refusal} `unavailable`
 */
export async function inTime<Result>(asked: Promise<Result>): Promise<Result> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(away()), patienceMs)
  return Promise.race([asked, late]).finally(() => clearTimeout(timer))
}

/** Whether the database could not be asked. */
export function isAway(error: unknown): boolean {
  return isOutage(error) || (error instanceof Refusal && error.code === 'unavailable')
}

function away(): Refusal {
  return new Refusal('unavailable', {
    message: 'The service cannot reach its database right now. Nothing was sent; try again.',
    retryAfter: 5,
  })
}
