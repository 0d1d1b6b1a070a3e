import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Refusal } from '../http/errors.ts'

/** Of all that the background refreshes at once, so many may wait for the same host. */
const maxPerHost = 8
/** What no new token helps against is not answered with another one for so long. */
const futileMs = 60_000
const maxFutile = 10_000
/** At so many addresses of an instance, and then at none. */
const maxPlaces = 5

/** What this process knows of refreshes: those under way, and those that would be in vain. */
export class Renewals {
  readonly #running = new Map<string, Promise<Refusal | undefined>>()
  readonly #perHost = new Map<string, number>()
  readonly #futile = new LRUCache<string, Set<string>>({ max: maxFutile, ttl: futileMs })

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

  /**
   * A token that had just been granted was refused like the one before.
   * @param place where: a vendor may refuse every token at one address, and know it at the others
   */
  giveUp(name: string, place: string) {
    const places = this.#futile.get(name) ?? new Set<string>()
    // Where so many are refused, it is the instance; the minute is the one of the first.
    if (places.size < maxPlaces) places.add(keyOf(place))
    if (!this.#futile.has(name)) this.#futile.set(name, places)
  }

  isFutile(name: string, place: string): boolean {
    const places = this.#futile.get(name)
    return places !== undefined && (places.size >= maxPlaces || places.has(keyOf(place)))
  }
}

/** Of one length, whatever the place is called. */
function keyOf(place: string): string {
  return hash('sha256', place, 'base64')
}
