import type { Waiting } from './waiting.ts'

/** Calls in their order of arrival; one in the middle leaves at no cost. */
export class Line {
  head: Waiting | undefined
  #tail: Waiting | undefined

  join(one: Waiting) {
    one.line = this
    one.before = this.#tail
    one.after = undefined
    if (this.#tail) this.#tail.after = one
    else this.head = one
    this.#tail = one
  }

  leave(one: Waiting) {
    if (one.before) one.before.after = one.after
    else this.head = one.after
    if (one.after) one.after.before = one.before
    else this.#tail = one.before
    one.line = undefined
    // Who has gone leads to nobody who is still there.
    one.before = undefined
    one.after = undefined
  }
}
