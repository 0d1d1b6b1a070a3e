import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { departs, isHeld } from './lane-store.ts'
import type { StoredCall } from './store.ts'

const lookMs = 500

/** A call that is tried: until its first byte is sent, others may end that. */
export interface Hold extends Disposable {
  /** Ends the wait for its turn. */
  signal: AbortSignal
  /**
   * Right before its first byte.
   * @throws {Refusal} `call-not-waiting` where it was cancelled, or is another's by now;
   *   `unavailable` where it has to be looked at anew whether it may be sent
   */
  beforeSending(): Promise<void>
}

/**
 * Waits no longer for the turn of a call once it is cancelled, with its instance too, taken over, or
 * the process is to end. What has departed is ended by `stopping` alone.
 */
export function holdCall(
  { db, log }: Pick<Context, 'db' | 'log'>,
  claimed: StoredCall,
  { stopping, ending }: { stopping: AbortSignal; ending: AbortSignal },
): Hold {
  const over = new AbortController()
  let hasDeparted = false
  const end = () => over.abort(processEnds())
  const watch = setInterval(() => {
    isHeld(db, claimed).then(
      (is) => is || hasDeparted || over.abort(notHeld(claimed)),
      (err) => log.warn({ err }, 'a call that is tried could not be looked at'),
    )
  }, lookMs)
  const letGo = () => {
    clearInterval(watch)
    ending.removeEventListener('abort', end)
  }
  if (ending.aborted) end()
  else ending.addEventListener('abort', end, { once: true })
  return {
    signal: AbortSignal.any([stopping, over.signal]),
    async beforeSending() {
      if (hasDeparted) return
      over.signal.throwIfAborted()
      hasDeparted = true
      letGo()
      if (await departs(db, claimed)) return
      throw (await isHeld(db, claimed)) ? changed() : notHeld(claimed)
    },
    [Symbol.dispose]: letGo,
  }
}

function notHeld({ id }: StoredCall): Refusal {
  return new Refusal('call-not-waiting', `The call ${id} was cancelled before it was sent.`)
}

/** While it waited for its turn: whoever opens its instance anew is told why. */
function changed(): Refusal {
  return new Refusal('unavailable', {
    message: 'Whether the call may be sent has changed while it waited.',
    retryAfter: 1,
  })
}

function processEnds(): Refusal {
  return new Refusal('unavailable', {
    message: 'The service is being stopped. The call is sent when it runs again.',
    retryAfter: 1,
  })
}
