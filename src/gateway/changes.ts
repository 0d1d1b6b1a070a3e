import { LRUCache } from 'lru-cache'

const maxKnown = 10_000

/**
 * Which instances changed lately, so that nothing is remembered that was read before a change and
 * comes after it.
 */
export class Changes {
  readonly #known: LRUCache<string, number>
  #count = 0
  /** What is known of single ones no more. */
  #floor = 0

  constructor() {
    this.#known = new LRUCache({
      max: maxKnown,
      dispose: (count, _, reason) => {
        if (reason === 'evict') this.#floor = Math.max(this.#floor, count)
      },
    })
  }

  /** To be taken before something is read. */
  mark(): number {
    return this.#count
  }

  /** @param name `<organization>/<instance>`, or `<organization>` for all of its; left out: of all */
  note(name?: string) {
    this.#count += 1
    if (name) this.#known.set(name, this.#count)
    else this.#floor = this.#count
  }

  /** Whether the instance may have changed since. */
  hasChanged(mark: number, organizationId: number, instanceId: number): boolean {
    if (this.#count === mark) return false
    const names = [String(organizationId), `${organizationId}/${instanceId}`]
    const latest = names.map((name) => this.#known.peek(name) ?? 0)
    return Math.max(this.#floor, ...latest) > mark
  }
}
