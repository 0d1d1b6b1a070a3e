import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { Fence, fenceChannels } from './fence.ts'
import { inTurn } from './in-turn.ts'
import { Lease } from './lease.ts'
import { beat, removeReplica } from './replicas-store.ts'

const heartbeatMs = 5_000
/** A connection that says nothing for so long may be none any more. */
const currentMs = 15_000
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
 * Hears PostgreSQL's notifications on a direct connection of its own, and tells by a heartbeat there
 * that this process lives. What is cached on the strength of them may be used only while
 * `isCurrent()`, or, by who has to do without a database for a while, while `isInLease()`.
 */
export class Listener implements AsyncDisposable {
  /** Of this process among the replicas. */
  readonly id = randomUUID()
  readonly #options: ListenerOptions
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  readonly #lease = new Lease()
  readonly #fence = new Fence(this.id)
  #isConnected = false

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#running = this.#run()
  }

  /** Whether the connection stood a moment ago: notifications of all that was committed have come. */
  isCurrent(): boolean {
    return this.#isConnected && this.#lease.isValid(currentMs)
  }

  /**
   * Whether that was so less than 30 seconds ago. What has changed since may be unknown here, unless
   * the connection stands: everything is forgotten when it stands again.
   */
  isInLease(): boolean {
    return this.#lease.isValid()
  }

  /**
   * Returns when every live process has heard of all that was committed before, or can't be reached:
   * then it has until the end of its lease.
   */
  async passFence(): Promise<void> {
    if (!(await this.#fence.passed())) this.#forgetAll()
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
      this.#isConnected = false
      this.#fence.leave()
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
    const queries = inTurn(client)
    const failed = Promise.withResolvers<never>()
    failed.promise.catch(() => {})
    client.on('error', failed.reject)
    client.on('end', () => failed.reject(new Error('the listening connection ended')))
    client.on('notification', ({ channel, payload = '' }) => {
      if (channels[channel]) channels[channel](payload)
      else this.#fence.hear(channel, payload, queries)
    })
    try {
      await client.connect()
      // Nothing that is written here has to outlive a crash.
      await client.query('set synchronous_commit = off')
      for (const channel of [...Object.keys(channels), ...fenceChannels]) {
        await client.query(`listen ${channel}`)
      }
      onConnected()
      // What changed before this moment was not heard.
      this.#forgetAll()
      while (!signal.aborted) {
        const asked = Lease.now()
        await Promise.race([beat(queries, this.id), failed.promise])
        this.#lease.renew(asked)
        if (!this.#isConnected) {
          this.#isConnected = true
          await this.#fence.join(queries)
        }
        const pause = delay(heartbeatMs, undefined, { signal, ref: false }).catch(() => {})
        await Promise.race([pause, failed.promise])
      }
      await removeReplica(queries, this.id)
    } finally {
      await client.end().catch(() => {})
    }
  }

  #forgetAll() {
    for (const onChange of Object.values(this.#options.channels)) onChange()
  }
}
