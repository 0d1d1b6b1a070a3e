import { LRUCache } from 'lru-cache'
import type { Refusal } from '../http/errors.ts'

/** Of all that the background refreshes at once, so many may wait for the same host. */
const maxPerHost = 8
/** What no new token helps against is not answered with another one for so long. */
const futileMs = 60_000
const maxFutile = 10_000

/** What this process knows of refreshes: those under way, and those that would be in vain. */
export class Renewals {
  readonly #running = new Map<string, Promise<Refusal | undefined>>()
  readonly #perHost = new Map<string, number>()
  readonly #futile = new LRUCache<string, true>({ max: maxFutile, ttl: futileMs })

  /** What the one under way ends in, or else the one that is started: whoever asks waits for one. */
  share(name: string, start: () => Promise<Refusal | undefined>): Promise<Refusal | undefined> {
    const running = this.#running.get(name)
    if (running) return running
    const started = start().finally(() => this.#running.delete(name))
    this.#running.set(name, started)
    return started
  }

  /** A place for a refresh in the background; undefined where the host has too many. */
  enter(host: string): Disposable | undefined {
    const inside = this.#perHost.get(host) ?? 0
    if (inside >= maxPerHost) return undefined
    this.#perHost.set(host, inside + 1)
    return {
      [Symbol.dispose]: () => {
        const left = this.#perHost.get(host)! - 1
        if (left > 0) this.#perHost.set(host, left)
        else this.#perHost.delete(host)
      },
    }
  }

  /** A token that had just been granted was refused like the one before. */
  giveUp(name: string) {
    this.#futile.set(name, true)
  }

  isFutile(name: string): boolean {
    return this.#futile.has(name)
  }
}
