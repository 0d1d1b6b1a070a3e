import { aborted } from '../egress/failure.ts'
import type { Cancellation } from '../egress/stream-request.ts'

/**
 * Tells who works for a client that it has left. An `AbortSignal` does the same, at a cost that shows
 * in each of the calls whose clients stay, which are nearly all.
 */
export class Departure implements Cancellation {
  readonly #listeners = new Set<() => void>()
  #reason: Error | undefined

  get aborted(): boolean {
    return this.#reason !== undefined
  }

  get reason(): Error | undefined {
    return this.#reason
  }

  abort(): void {
    if (this.#reason) return
    this.#reason = aborted()
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }
}

/**
 * What is waited for, unless whoever waits leaves; what others wait for as well goes on for them.
 * @throws the reason of the cancellation
 */
export async function unlessLeft<Result>(
  cancellation: Cancellation,
  begin: () => Promise<Result>,
): Promise<Result> {
  if (cancellation.aborted) throw cancellation.reason
  const { promise: left, reject } = Promise.withResolvers<never>()
  const leave = () => reject(cancellation.reason)
  cancellation.addEventListener('abort', leave, { once: true })
  try {
    return await Promise.race([begin(), left])
  } finally {
    cancellation.removeEventListener('abort', leave)
  }
}

/** For what takes an `AbortSignal` alone, and may be aborted for reasons of its own. */
export function following(cancellation: Cancellation): AbortController {
  const controller = new AbortController()
  if (cancellation.aborted) controller.abort(cancellation.reason)
  else {
    const abort = () => controller.abort(cancellation.reason)
    cancellation.addEventListener('abort', abort, { once: true })
  }
  return controller
}
