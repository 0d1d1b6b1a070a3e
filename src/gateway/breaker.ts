import { LRUCache } from 'lru-cache'
import { EgressFailure, type FailureKind } from '../egress/failure.ts'
import { Refusal } from '../http/errors.ts'

/** So many calls in a row without an answer, and a vendor is left alone for a while. */
const tolerated = 5
const shortestRestMs = 10_000
const longestRestMs = 60_000
/** Of one instance to one host: what hangs must not fill the process. */
const maxInFlight = 1_000
const maxCircuits = 10_000

/** What says that a vendor is not there; an answer, whatever its status, says that it is. */
const counted: ReadonlySet<FailureKind> = new Set([
  'name',
  'refused',
  'unreachable',
  'proxy',
  'tls',
  'reset',
  'late',
  'malformed',
])

/** How the calls of an instance to a host fare in this process. */
export interface CircuitState {
  host: string
  /** `half-open`: the next call decides. */
  state: 'closed' | 'open' | 'half-open'
  /** Calls in a row that got no answer. */
  failures: number
  inFlight: number
  /** Seconds until the next call is let through. */
  retryAfter: number | undefined
}

/** A call on its way. */
export interface Flight {
  answered(): void
  failed(kind: FailureKind): void
  /** Once, when nothing more comes of it. */
  end(): void
}

/** What is known of the vendors of each instance, by instance and host, the latest used. */
export class Breakers {
  readonly #circuits = new LRUCache<string, LRUCache<string, Circuit>>({ max: maxCircuits })

  /** @param instance such as `1/12` */
  of(instance: string, { host }: URL): Circuit {
    let hosts = this.#circuits.get(instance)
    if (!hosts) {
      hosts = new LRUCache({ max: 10 })
      this.#circuits.set(instance, hosts)
    }
    const known = hosts.get(host)
    if (known) return known
    const circuit = new Circuit(host)
    hosts.set(host, circuit)
    return circuit
  }

  /** How many there are in each state. */
  counts(): Record<CircuitState['state'], number> {
    const counts = { closed: 0, open: 0, 'half-open': 0 }
    for (const hosts of this.#circuits.values()) {
      for (const { state } of hosts.values()) counts[state.state] += 1
    }
    return counts
  }

  states(instance: string): CircuitState[] {
    return [...(this.#circuits.peek(instance)?.values() ?? [])].map(({ state }) => state)
  }
}

/** Of one instance to one host. */
export class Circuit {
  readonly #host: string
  #failures = 0
  #rests = 0
  #closedUntil = 0
  #isTrying = false
  #inFlight = 0

  constructor(host: string) {
    this.#host = host
  }

  get state(): CircuitState {
    const leftMs = this.#closedUntil - performance.now()
    const isOpen = this.#rests > 0
    return {
      host: this.#host,
      state: isOpen ? (leftMs > 0 ? 'open' : 'half-open') : 'closed',
      failures: this.#failures,
      inFlight: this.#inFlight,
      retryAfter: isOpen ? Math.max(1, Math.ceil(leftMs / 1000)) : undefined,
    }
  }

  /** @throws {Refusal} `vendor-suspended`, `calls-busy` where no call may start */
  check(): void {
    if (this.#rests > 0 && (this.#isTrying || performance.now() < this.#closedUntil)) {
      const { retryAfter } = this.state
      throw new Refusal('vendor-suspended', {
        message: `${this.#host} did not answer the last ${this.#failures} calls, so that it is left alone for a while. Try again in ${retryAfter} seconds; if it stays so, ask the vendor.`,
        retryAfter,
      })
    }
    if (this.#inFlight >= maxInFlight) {
      throw new Refusal('calls-busy', {
        message: `${maxInFlight} calls of this instance wait for ${this.#host} at once. Wait for some of them to end.`,
        retryAfter: 1,
      })
    }
  }

  /**
   * A place among those in flight, for a call that waits before it is sent.
   * @returns to be called once, when the place is free again
   * @throws {Refusal} as `check` does
   */
  hold(): () => void {
    this.check()
    this.#inFlight += 1
    return () => {
      this.#inFlight -= 1
    }
  }

  /**
   * Sends what calls need first, such as a login, and counts how that fares as it does with them.
   * @throws {Refusal} as `check` does
   */
  async counting<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    const flight = this.start()
    try {
      const answer = await send()
      flight.answered()
      return answer
    } catch (error) {
      if (error instanceof EgressFailure) flight.failed(error.kind)
      throw error
    } finally {
      flight.end()
    }
  }

  /** @throws {Refusal} as `check` does */
  start(): Flight {
    const leave = this.hold()
    const isTrial = this.#rests > 0
    if (isTrial) this.#isTrying = true
    let isOver = false
    const settle = () => {
      if (isTrial) this.#isTrying = false
    }
    return {
      answered: () => {
        settle()
        this.#failures = 0
        this.#rests = 0
      },
      failed: (kind) => {
        settle()
        if (counted.has(kind)) this.#fail()
      },
      end: () => {
        if (isOver) return
        isOver = true
        settle()
        leave()
      },
    }
  }

  #fail() {
    this.#failures += 1
    const now = performance.now()
    if (this.#failures < tolerated || now < this.#closedUntil) return
    this.#rests += 1
    const restMs = shortestRestMs * 2 ** (this.#rests - 1)
    this.#closedUntil = now + Math.min(longestRestMs, restMs)
  }
}
