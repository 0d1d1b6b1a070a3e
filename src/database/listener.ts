import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

const heartbeatMs = 5_000
const leaseMs = 15_000
const longestPauseMs = 5_000

export interface ListenerOptions {
  url: string
  /**
   * What is done for each channel, whose name needs no quotes: with what was notified, or without
   * anything where something may have been missed.
   */
  channels: Record<string, (notified?: string) => void>
  onError(error: Error): void
}

/**
 * Hears PostgreSQL's notifications on a direct connection of its own. What is cached on the strength
 * of them may be used only while `isCurrent()`.
 */
export class Listener implements AsyncDisposable {
  readonly #options: ListenerOptions
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #heardAt = Number.NEGATIVE_INFINITY

  constructor(options: ListenerOptions) {
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
      this.#forgetAll()
      const pause = Math.min(longestPauseMs, 100 * 2 ** failures)
      await delay(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** Until the connection fails, or is told to end. */
  async #listen(onConnected: () => void) {
    const { url, channels } = this.#options
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
    client.on('notification', ({ channel, payload }) => channels[channel]?.(payload))
    try {
      await client.connect()
      for (const channel of Object.keys(channels)) await client.query(`listen ${channel}`)
      onConnected()
      // What changed before this moment was not heard.
      this.#forgetAll()
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

  #forgetAll() {
    for (const onChange of Object.values(this.#options.channels)) onChange()
  }
}
