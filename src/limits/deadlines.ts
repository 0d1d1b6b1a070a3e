const tickMs = 20
/** What each of them does when it is told takes its time as well: an answer is written. */
const slice = 10

/** What is to be told when its time is over. */
export interface Dated {
  /** By `performance.now()`. */
  readonly deadline: number
  /** Where it stands in `Deadlines`. */
  due?: number | undefined
  expire(): void
}

/**
 * One timer for the deadlines of however many. Of those that end together a slice at a time is told,
 * and others have their turn between. They are told up to two ticks late, never early.
 */
export class Deadlines {
  readonly #buckets = new Map<number, Set<Dated>>()
  #next = 0
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined

  add(one: Dated) {
    const now = tickOf(performance.now())
    if (!this.#timer) {
      this.#next = now
      this.#timer = setTimeout(this.#pass, tickMs).unref()
    }
    one.due = Math.max(tickOf(one.deadline), now) + 1
    const bucket = this.#buckets.get(one.due)
    if (bucket) bucket.add(one)
    else this.#buckets.set(one.due, new Set([one]))
  }

  delete(one: Dated) {
    const bucket = one.due === undefined ? undefined : this.#buckets.get(one.due)
    if (!bucket?.delete(one)) return
    if (bucket.size === 0) this.#buckets.delete(one.due!)
    one.due = undefined
  }

  readonly #pass = () => {
    const now = tickOf(performance.now())
    let told = 0
    while (this.#next <= now) {
      for (const one of this.#buckets.get(this.#next) ?? []) {
        if (told === slice) {
          this.#timer = setImmediate(this.#pass)
          return
        }
        told += 1
        this.delete(one)
        one.expire()
      }
      this.#next += 1
    }
    this.#timer = this.#buckets.size > 0 ? setTimeout(this.#pass, tickMs).unref() : undefined
  }
}

function tickOf(time: number): number {
  return Math.floor(time / tickMs)
}
