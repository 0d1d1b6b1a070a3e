import { LRUCache } from 'lru-cache'
import { Refusal } from '../http/errors.ts'
import { type Admit, ProbeAdmission } from '../probe/admission.ts'

const perOrganization = 4
const perHost = 2
const maxResting = 10_000

/**
 * Bounds what the background asks vendors: apart from what people ask, so that those never wait for
 * it, and nothing for a while where a host has just shown that it cannot answer.
 */
export class CheckAdmission extends ProbeAdmission {
  readonly #resting = new LRUCache<string, true>({ max: maxResting })

  constructor() {
    super({ perOrganization, perHost })
  }

  override run<T>(organizationId: number, probe: (admit: Admit) => Promise<T>): Promise<T> {
    return super.run(organizationId, (admit) =>
      probe(async (host, send) => {
        if (this.#resting.has(host)) throw resting(host)
        return admit(host, send)
      }),
    )
  }

  /** Has this process leave a host alone for so many seconds. */
  rest(host: string, seconds: number) {
    this.#resting.set(host, true, { ttl: seconds * 1000 })
  }
}

function resting(host: string): Refusal {
  return new Refusal('probes-busy', `${host} is left alone for a while.`)
}
