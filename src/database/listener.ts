import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

const heartbeatMs = 5_000
const leaseMs = 15_000
const longestPauseMs = 5_000

/**
 * Hears PostgreSQL's notifications on a direct connection of its own. What is cached on the strength
 * of them may be used only while `isCurrent()`; whenever something may have been missed, `onChange`
 * is called.
 */
export class Listener implements AsyncDisposable {
  readonly #options: { url: string; channel: string; onChange(): void; onError(error: Error): void }
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #heardAt = Number.NEGATIVE_INFINITY

  constructor(options: {
    url: string
    /** A name that needs no quotes. */
    channel: string
    onChange(): void
    onError(error: Error): void
  }) {
    this.#options = options
    this.#running = this.#run()
  }

  /** Whether the connection stood a moment ago: notifications of all that was committed have come. */
  isCurrent(): boolean {
    return performance.now() - this.#heardAt < leaseMs
  }

  async [Symbol.asyncDispose]() {
    this.#stop.abort()
    await this.#running
  }

  async #run() {
    const { signal } = this.#stop
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await this.#listen(() => {
          failures = 0
        })
      } catch (error) {
        if (!signal.aborted) this.#options.onError(error as Error)
      }
      this.#heardAt = Number.NEGATIVE_INFINITY
      this.#options.onChange()
      const pause = Math.min(longestPauseMs, 100 * 2 ** failures)
      await delay(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** Until the connection fails, or is told to end. */
  async #listen(onConnected: () => void) {
    const { url, channel, onChange } = this.#options
    const { signal } = this.#stop
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
      application_name: 'latchkey listener',
    })
    const failed = Promise.withResolvers<never>()
    failed.promise.catch(() => {})
    client.on('error', failed.reject)
    client.on('end', () => failed.reject(new Error('the listening connection ended')))
    client.on('notification', onChange)
    try {
      await client.connect()
      await client.query(`listen ${channel}`)
      onConnected()
      // What changed before this moment was not heard.
      onChange()
      while (!signal.aborted) {
        const asked = performance.now()
        await Promise.race([client.query('select 1'), failed.promise])
        this.#heardAt = asked
        const pause = delay(heartbeatMs, undefined, { signal, ref: false }).catch(() => {})
        await Promise.race([pause, failed.promise])
      }
    } finally {
      await client.end().catch(() => {})
    }
  }
}
