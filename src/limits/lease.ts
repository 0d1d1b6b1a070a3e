import { randomInt } from 'node:crypto'
import type { Db } from '../database/database.ts'
import { beatReplica, removeReplica } from './take-store.ts'

const leaseMs = 10_000
const beatMs = 3_000

/**
 * The word of this process that it lives, which its places in pools hang on. It is over for the
 * process before it is over for the database: then its calls in flight are to end.
 */
export class Lease implements AsyncDisposable {
  /** Never the same after a lease that ran out. */
  replica = newReplica()
  readonly #db: Pick<Db, 'pool'>
  readonly #onOver: () => void
  readonly #onError: (error: Error) => void
  #until = Number.NEGATIVE_INFINITY
  #known = false
  #beating: Promise<void> | undefined
  #beat: NodeJS.Timeout | undefined
  #end: NodeJS.Timeout | undefined

  constructor(
    db: Pick<Db, 'pool'>,
    { onOver, onError }: { onOver(): void; onError(error: Error): void },
  ) {
    this.#db = db
    this.#onOver = onOver
    this.#onError = onError
  }

  isAlive(): boolean {
    return performance.now() < this.#until
  }

  /** Registers the process where it is not; from then on it says so by itself. */
  async ensure() {
    if (!this.isAlive()) await this.#renew()
  }

  /** What it held is given to others: the database does not know the process any more. */
  lapse() {
    clearTimeout(this.#end)
    this.#until = Number.NEGATIVE_INFINITY
    this.#known = false
    this.replica = newReplica()
    this.#onOver()
  }

  async [Symbol.asyncDispose]() {
    clearTimeout(this.#beat)
    clearTimeout(this.#end)
    await this.#beating?.catch(() => {})
    if (this.#known) await removeReplica(this.#db, this.replica).catch(this.#onError)
  }

  #renew(): Promise<void> {
    this.#beating ??= this.#ask().finally(() => {
      this.#beating = undefined
    })
    return this.#beating
  }

  async #ask() {
    clearTimeout(this.#beat)
    const { replica } = this
    // Counted from before it was asked: the database counts from later on.
    const asked = performance.now()
    try {
      const alive = await beatReplica(this.#db, replica, leaseMs, !this.#known)
      if (replica !== this.replica) return
      if (!alive) return this.lapse()
      this.#known = true
      this.#until = asked + leaseMs
      clearTimeout(this.#end)
      this.#end = setTimeout(() => this.lapse(), this.#until - performance.now()).unref()
    } catch (error) {
      // Whether it is known by now is not: another id is as good.
      if (!this.#known) this.replica = newReplica()
      throw error
    } finally {
      this.#beat = setTimeout(() => this.#renew().catch(this.#onError), beatMs).unref()
    }
  }
}

function newReplica(): number {
  return randomInt(2 ** 48 - 1)
}
