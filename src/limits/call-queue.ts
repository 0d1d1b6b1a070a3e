import { Line } from './line.ts'
import type { QueueState } from './refusals.ts'
import type { Waiting } from './waiting.ts'

/**
 * Calls in fair order: one of each instance in turn, those of an instance as they came; before all of
 * them those whose turn has been.
 */
export class CallQueue {
  size = 0
  readonly #again = new Line()
  readonly #lines = new Map<number, Line>()

  join(one: Waiting, first: boolean) {
    this.size += 1
    this.#lineOf(one, first).join(one)
  }

  leave(one: Waiting) {
    const { line } = one
    if (!line) return
    this.size -= 1
    line.leave(one)
    if (!line.head && line !== this.#again) this.#lines.delete(one.limited.share)
  }

  /** It was its turn: those of the other instances come first now. */
  serve(one: Waiting) {
    const { line } = one
    this.leave(one)
    if (!line?.head || line === this.#again) return
    this.#lines.delete(one.limited.share)
    this.#lines.set(one.limited.share, line)
  }

  /** The next ones that `may` be asked for, so many at most. */
  next(count: number, may: (one: Waiting) => boolean): Waiting[] {
    const found: Waiting[] = []
    const cursors: Waiting[] = []
    const look = (one: Waiting): boolean => {
      if (!may(one)) return false
      found.push(one)
      if (one.after) cursors.push(one.after)
      return found.length === count
    }
    for (let one = this.#again.head; one; one = one.after) {
      if (may(one)) found.push(one)
      if (found.length === count) return found
    }
    for (const { head } of this.#lines.values()) {
      if (head && look(head)) return found
    }
    for (let one = cursors.shift(); one; one = cursors.shift()) {
      if (look(one)) return found
    }
    return found
  }

  /** Of which instances there are any. */
  shares(): number[] {
    const found = new Set(this.#lines.keys())
    for (let one = this.#again.head; one; one = one.after) found.add(one.limited.share)
    return [...found]
  }

  /** Those of an instance, in their order. */
  of(share: number): Waiting[] {
    const found: Waiting[] = []
    for (let one = this.#again.head; one; one = one.after) {
      if (one.limited.share === share) found.push(one)
    }
    for (let one = this.#lines.get(share)?.head; one; one = one.after) found.push(one)
    return found
  }

  state(): QueueState {
    const longestWaitMs = this.size > 0 ? performance.now() - this.oldest() : 0
    return { waiting: this.size, longestWaitMs }
  }

  /** Since when somebody has been waiting. */
  oldest(): number {
    let oldest = this.#again.head?.since ?? Number.POSITIVE_INFINITY
    for (const { head } of this.#lines.values()) oldest = Math.min(oldest, head!.since)
    return oldest
  }

  #lineOf(one: Waiting, first: boolean): Line {
    if (first) return this.#again
    const { share } = one.limited
    const line = this.#lines.get(share) ?? new Line()
    this.#lines.set(share, line)
    return line
  }
}
