import { Refusal } from '../http/errors.ts'

/** Of all bodies that are held whole at a time in this process, and of those of one organization. */
const mostInAll = 128 * 1024 * 1024
const mostOfOne = mostInAll / 2

/** Memory for bodies that have to be held whole until they are sent. */
export class BodyRoom {
  readonly #taken = new Map<number, number>()
  #inAll = 0

  /** Bytes of all organizations together. */
  get taken(): number {
    return this.#inAll
  }

  /** @throws {Refusal} `bodies-busy` where there is no room for so many bytes more */
  take(organizationId: number, bytes: number) {
    const taken = (this.#taken.get(organizationId) ?? 0) + bytes
    if (taken > mostOfOne || this.#inAll + bytes > mostInAll) throw busy()
    this.#taken.set(organizationId, taken)
    this.#inAll += bytes
  }

  /** Gives back what was taken. */
  free(organizationId: number, bytes: number) {
    const left = (this.#taken.get(organizationId) ?? 0) - bytes
    if (left > 0) this.#taken.set(organizationId, left)
    else this.#taken.delete(organizationId)
    this.#inAll -= bytes
  }
}

function busy(): Refusal {
  return new Refusal('bodies-busy', {
    message:
      'The bodies of calls that are signed or changed before they are sent fill the memory that is for them. Send fewer at once, or try again later.',
    retryAfter: 1,
  })
}
