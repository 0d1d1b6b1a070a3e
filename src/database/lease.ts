/** For so long after it last heard from the database may a process use what it remembers. */
export const leaseMs = 30_000

/**
 * A time that runs from a moment on. By both clocks: the monotonic one stands still while a machine
 * sleeps, and the other one may be set back.
 */
export class Lease {
  #from = { monotonic: Number.NEGATIVE_INFINITY, wall: Number.NEGATIVE_INFINITY }

  /** @param from as `Lease.now()` said */
  renew(from: { monotonic: number; wall: number }) {
    this.#from = from
  }

  isValid(lengthMs = leaseMs): boolean {
    const { monotonic, wall } = this.#from
    return performance.now() - monotonic < lengthMs && Date.now() - wall < lengthMs
  }

  static now(): { monotonic: number; wall: number } {
    return { monotonic: performance.now(), wall: Date.now() }
  }
}
