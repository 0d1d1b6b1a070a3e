import { Refusal } from '../http/errors.ts'
import type { Limited } from './limited.ts'

/** What of the queue a refused call is told. */
export interface QueueState {
  waiting: number
  longestWaitMs: number
}

const longestRetryAfter = 3600

export function queueFull(limited: Limited, state: QueueState): Refusal {
  return refuse(
    'limit-queue-full',
    limited,
    state,
    'Too many calls wait for their turn already. Send fewer at once, or try again later.',
  )
}

export function waitOver(limited: Limited, state: QueueState): Refusal {
  return refuse(
    'limit-wait-over',
    limited,
    state,
    'The call waited for its turn in vain and was not sent. Try again later, or let it wait longer with `Elements-Wait-Timeout`.',
  )
}

function refuse(
  code: 'limit-queue-full' | 'limit-wait-over',
  limited: Limited,
  { waiting, longestWaitMs }: QueueState,
  message: string,
): Refusal {
  const retryAfter = secondsFor(limited, waiting)
  const limit = { waiting, longestWait: Math.round(longestWaitMs) / 1000 }
  return new Refusal(code, { message, retryAfter, limit })
}

/** About as long as those take that wait now, where nobody else does. */
function secondsFor({ budget }: Limited, waiting: number): number {
  const perCall = Math.max(0, ...(budget?.windows ?? []).map((w) => w.periodMs / w.amount))
  const seconds = Math.ceil((Math.max(1, waiting) * perCall) / 1000)
  return Math.min(Math.max(1, seconds), longestRetryAfter)
}
