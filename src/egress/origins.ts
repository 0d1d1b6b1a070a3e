import { LRUCache } from 'lru-cache'
import { Pool } from 'undici'
import type { Connector } from './connector.ts'
import { aborted } from './failure.ts'

/** Idle origins beyond this many are closed, the least recently used first. */
const maxOrigins = 1000
const longestMs = 60_000

/**
 * The pools of open connections, one for each origin. A connection was judged when it was opened,
 * so none lives longer than a minute, nor idle for more than seconds unless the vendor says that it
 * may. An origin without connections is forgotten; one that is put out while in use finishes what it
 * has.
 */
export class Origins {
  readonly #pools = new LRUCache<string, Pool>({
    max: maxOrigins,
    // Of the whole pool: undici's own limit asks the clock for every connection at every request.
    ttl: longestMs,
    ttlAutopurge: true,
    dispose: (pool) => {
      if (!this.#closing) pool.close().catch(() => {})
    },
  })
  readonly #connector: Connector
  readonly #onEmpty: () => void
  #closing = false

  /** @param onEmpty called when the last connection is gone */
  constructor(connector: Connector, onEmpty: () => void) {
    this.#connector = connector
    this.#onEmpty = onEmpty
  }

  /** Throws an `aborted` failure once closed. */
  get(origin: string): Pool {
    if (this.#closing) throw aborted()
    return this.#pools.get(origin) ?? this.#add(origin)
  }

  /** Puts out every origin. */
  retire(): void {
    this.#pools.clear()
  }

  /** Ends every connection and what runs on it. */
  async close(): Promise<void> {
    this.#closing = true
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    this.#connector.close()
    await Promise.all(pools.map((pool) => pool.destroy(aborted())))
  }

  #add(origin: string): Pool {
    const pool = new Pool(origin, {
      connect: this.#connector.connect,
      allowH2: false,
      pipelining: 1,
      maxHeaderSize: 32 * 1024,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: longestMs,
      keepAliveTimeoutThreshold: 1_000,
      // The deadline of each exchange is the only clock; undici's start anew with every byte.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    // The pool would count anew what may be a thousand connections, whenever one of them ends.
    let connected = 0
    const forget = () => {
      if (connected > 0 || pool.stats.size > 0) return
      if (this.#pools.peek(origin) === pool) this.#pools.delete(origin)
      if (this.#pools.size === 0) this.#onEmpty()
    }
    pool.on('connect', () => {
      connected += 1
    })
    pool.on('disconnect', () => {
      connected -= 1
      forget()
    })
    pool.on('connectionError', forget)
    this.#pools.set(origin, pool)
    return pool
  }
}
