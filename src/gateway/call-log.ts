import type { Db } from '../database/database.ts'
import { insertCalls, type KeptCall } from './call-log-store.ts'

const gatherMs = 1_000
/** Of those that wait to be written, on all instances of this process together. */
const maxWaiting = 1_000
const maxWaitingBytes = 16 * 1024 * 1024
/** Looking for secrets takes its time: so much of a second, and no more. */
const maxRenderingMs = 250

/** Keeps calls, a little later and many at once; of more than there is room for, some are left out. */
export class CallLog implements AsyncDisposable {
  readonly #db: Pick<Db, 'kysely'>
  readonly #onError: (error: Error) => void
  #waiting = new Map<number, KeptCall[]>()
  #count = 0
  #bytes = 0
  #renderingMs = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(db: Pick<Db, 'kysely'>, onError: (error: Error) => void) {
    this.#db = db
    this.#onError = onError
  }

  /** To be asked before anything of a call is noted. */
  get hasRoom(): boolean {
    return (
      this.#count < maxWaiting &&
      this.#bytes < maxWaitingBytes &&
      this.#renderingMs < maxRenderingMs
    )
  }

  /** @param render makes of the call what is kept, where there is still room for it */
  keep(organizationId: number, instanceId: number, render: () => string) {
    if (!this.hasRoom) return
    this.#timer ??= setTimeout(() => void this.flush(), gatherMs).unref()
    const started = performance.now()
    let call: KeptCall
    try {
      call = { instanceId, content: render() }
    } catch (error) {
      // The call itself is over, and went well for all that it matters.
      this.#onError(error as Error)
      return
    } finally {
      this.#renderingMs += performance.now() - started
    }
    this.#count += 1
    this.#bytes += call.content.length
    const others = this.#waiting.get(organizationId)
    if (others) others.push(call)
    else this.#waiting.set(organizationId, [call])
  }

  /** Writes what waits. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#renderingMs = 0
    this.#writing = this.#writing.then(async () => {
      const waiting = this.#waiting
      this.#waiting = new Map()
      for (const [organizationId, calls] of waiting) {
        await insertCalls(this.#db, organizationId, calls).catch(this.#onError)
        this.#count -= calls.length
        for (const { content } of calls) this.#bytes -= content.length
      }
    })
    return this.#writing
  }

  async [Symbol.asyncDispose]() {
    await this.flush()
  }
}
