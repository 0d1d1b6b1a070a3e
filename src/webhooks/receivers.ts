import { randomUUID } from 'node:crypto'

/** Of all that is being sent at once, so much may go to the same host. */
const maxPerHost = 8
/** Whoever failed again and again may hang: the rest of the jobs is for the others. */
const maxFailing = 6

/** What this process is sending to whom. */
export class Receivers {
  /** Tells this process from the others. */
  readonly holder = randomUUID()
  readonly #running = new Set<string>()
  #failing = 0
  readonly #perHost = new Map<string, number>()

  /**
   * From then on somebody here delivers for it, until disposed. `busy`: somebody does already;
   * `crowded`: too many others that fail are being tried.
   */
  take(webhook: string, isFailing: boolean): Disposable | 'busy' | 'crowded' {
    if (this.#running.has(webhook)) return 'busy'
    if (isFailing && this.#failing >= maxFailing) return 'crowded'
    this.#running.add(webhook)
    if (isFailing) this.#failing += 1
    return {
      [Symbol.dispose]: () => {
        this.#running.delete(webhook)
        if (isFailing) this.#failing -= 1
      },
    }
  }

  /** A place for a request; undefined where the host has too many. */
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
}
