import type { Element } from '../definition/element.ts'
import type { EgressFailure } from '../egress/failure.ts'

/** RFC 9110, section 9.2.2. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])
const passing = new Set([429, 502, 503, 504])
/** What may be over in a moment. */
const passingFailures = new Set(['name', 'refused', 'unreachable', 'proxy', 'reset', 'late'])
const firstMs = 500
const longestMs = 20_000

interface Sent {
  method: string
  headers: Record<string, string>
}

/** Whether a vendor does once what it is asked twice. */
export function isIdempotent(
  { method, headers }: Sent,
  { gateway }: Pick<Element, 'gateway'>,
): boolean {
  const key = gateway?.idempotencyHeader?.toLowerCase()
  return idempotent.has(method) || (key !== undefined && headers[key] !== undefined)
}

/** Whether an answer may be another one soon. */
export function isPassing(status: number): boolean {
  return passing.has(status)
}

/** Whether a request that failed so may be sent again: it was not sent, or once is as good as twice. */
export function mayFollow({ kind, sent }: EgressFailure, isSafe: boolean): boolean {
  return passingFailures.has(kind) && (isSafe || !sent)
}

/**
 * How long to wait before a request is sent again, in milliseconds: longer each time, never as long
 * as others do, and at least what the vendor asks for.
 * @param round 1 for the first repetition
 * @param asked seconds
 */
export function pauseBefore(round: number, asked: number | undefined, random = Math.random()) {
  const most = Math.min(longestMs, firstMs * 2 ** (round - 1))
  const own = most * (0.5 + random / 2)
  return asked === undefined ? own : Math.max(own, asked * 1000 + most * random * 0.5)
}
