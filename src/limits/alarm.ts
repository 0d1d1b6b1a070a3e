/** One timer for the earliest of the moments that it is set to. */
export class Alarm {
  readonly #ring: () => void
  #timer: NodeJS.Timeout | undefined
  #at = Number.POSITIVE_INFINITY
  #closed = false

  constructor(ring: () => void) {
    this.#ring = () => {
      this.#at = Number.POSITIVE_INFINITY
      ring()
    }
  }

  /** @param at by `performance.now()` */
  set(at: number) {
    if (this.#closed || at >= this.#at) return
    clearTimeout(this.#timer)
    this.#at = at
    this.#timer = setTimeout(this.#ring, Math.max(1, Math.ceil(at - performance.now())))
  }

  close() {
    this.#closed = true
    clearTimeout(this.#timer)
  }
}
