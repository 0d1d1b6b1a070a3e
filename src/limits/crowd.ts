/** Calls that wait in this process, in all and of each organization. */
export class Crowd {
  readonly #most: { inAll: number; ofOne: number }
  readonly #sizes = new Map<number, number>()
  #size = 0

  constructor(most: { inAll: number; ofOne: number }) {
    this.#most = most
  }

  get size(): number {
    return this.#size
  }

  hasRoomFor(organizationId: number): boolean {
    const own = this.#sizes.get(organizationId) ?? 0
    return this.#size < this.#most.inAll && own < this.#most.ofOne
  }

  enter(organizationId: number) {
    this.#size += 1
    this.#sizes.set(organizationId, (this.#sizes.get(organizationId) ?? 0) + 1)
  }

  leave(organizationId: number) {
    this.#size -= 1
    const left = (this.#sizes.get(organizationId) ?? 0) - 1
    if (left > 0) this.#sizes.set(organizationId, left)
    else this.#sizes.delete(organizationId)
  }
}
