import { EgressFailure } from '../egress/failure.ts'
import { RenderError } from '../exchange/template.ts'
import { refusalFor, unrenderable } from '../gateway/failure.ts'
import { mayFollow } from '../gateway/retry.ts'
import { type ProblemCode, Refusal } from '../http/errors.ts'
import type { KeptAnswer } from './content.ts'
import type { StoredCall } from './store.ts'

/** How the sending of a call ends. */
export type End =
  | { kind: 'done'; answer: KeptAnswer }
  /** It goes back to its place: `tried` where the vendor was asked, or was not to be reached. */
  | { kind: 'later'; inSeconds: number; tried: boolean }
  | { kind: 'failed'; code: string; message: string }

/** What is over after a while, without anybody's doing. */
const passing = new Set<ProblemCode>([
  'bodies-busy',
  'calls-busy',
  'limit-queue-full',
  'limit-wait-over',
  'unavailable',
  'vendor-suspended',
])
const shortestWait = 1
/** Somebody may raise a limit meanwhile. */
const longestWait = 60
const longestBackoff = 900
const mostTries = 12

/** What an error means for a call; undefined: the fault is ours, and it is not tried again. */
export function endAfter(
  thrown: unknown,
  { attempts }: StoredCall,
  isSafe: boolean,
): End | undefined {
  const error = thrown instanceof RenderError ? unrenderable(thrown) : thrown
  const again = { kind: 'later', inSeconds: backoff(attempts), tried: true } as const
  const isLast = attempts + 1 >= mostTries
  if (error instanceof EgressFailure) {
    if (mayFollow(error, isSafe) && !isLast) return again
    const { code, message } = refusalFor(error)
    return { kind: 'failed', code, message: error.sent ? `${message} ${mayHaveCome}` : message }
  }
  if (!(error instanceof Refusal)) return isLast ? undefined : again
  const { code, message } = error
  if (!passing.has(code)) return { kind: 'failed', code, message }
  const inSeconds = Math.min(longestWait, Math.max(shortestWait, error.details.retryAfter ?? 0))
  return { kind: 'later', inSeconds, tried: false }
}

const mayHaveCome =
  'The vendor may have got the call all the same: look there before you send it again.'

/** Two seconds, twice as long each time, a quarter of an hour at most; never as long as others. */
function backoff(attempts: number): number {
  return Math.min(longestBackoff, 2 ** (attempts + 1)) * (0.75 + Math.random() / 2)
}
