import { LRUCache } from 'lru-cache'
import { EgressFailure } from './failure.ts'
import { type Destination, destinationOf, type EgressPolicy } from './policy.ts'
import { unsendable } from './request.ts'

/** Where requests go, apart from their path. */
export interface Place extends Destination {
  origin: string
}

const maxPlaces = 1000
const written = /^(https?:\/\/[^/?#\\]+)(\/[\x21\x22\x24-\x7e]*|\?[\x21\x22\x24-\x7e]*|)$/

/** Takes addresses apart without writing them anew, and judges where they lead. */
export class Places {
  readonly #policy: EgressPolicy
  readonly #known = new LRUCache<string, Place>({ max: maxPlaces })

  constructor(policy: EgressPolicy) {
    this.#policy = policy
  }

  /**
   * The place that an absolute address leads to, and its path and query as they stand there.
   * @throws {EgressFailure} `forbidden` where the policy does not let us go there, `unsendable`
   *   where the address has a fragment or characters that no request line may have
   */
  of(address: string): { place: Place; path: string } {
    const [, door, path] = written.exec(address) ?? []
    if (door === undefined || path === undefined) throw unsendable('the address')
    const place = this.#known.get(door) ?? this.#judge(door)
    return { place, path: path.startsWith('/') ? path : `/${path}` }
  }

  #judge(door: string): Place {
    const url = URL.parse(door)
    if (!url) throw unsendable('the address')
    const refused = this.#policy.judgeUrl(url)
    if (refused) throw new EgressFailure('forbidden', refused.reason)
    const place = { ...destinationOf(url), origin: url.origin }
    this.#known.set(door, place)
    return place
  }
}
