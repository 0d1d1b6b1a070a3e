import PQueue from 'p-queue'
import { Refusal } from '../http/errors.ts'

const perOrganization = 20
const perHost = 5
const patienceMs = 2_000

/** Sends something to a host when there is a place for it. */
export type Admit = <T>(host: string, send: () => Promise<T>) => Promise<T>

/**
 * Bounds the probes of this process: unless it is told otherwise, at most 20 at once for an
 * organization and 5 for a destination host, so that nobody uses the service to try passwords. The rest waits its turn for two seconds.
 */
export class ProbeAdmission {
  readonly #queues = new Map<string, PQueue>()
  readonly #perOrganization: number
  readonly #perHost: number

  readonly #patienceMs: number

  constructor(bounds: { perOrganization?: number; perHost?: number; patienceMs?: number } = {}) {
    this.#patienceMs = bounds.patienceMs ?? patienceMs
    this.#perOrganization = bounds.perOrganization ?? perOrganization
    this.#perHost = bounds.perHost ?? perHost
  }

  /**
   * Runs a probe, which asks to be admitted to every host that it sends something to.
   * @throws {Refusal} `probes-busy` where no turn came in time
   */
  run<T>(organizationId: number, probe: (admit: Admit) => Promise<T>): Promise<T> {
    const deadline = performance.now() + this.#patienceMs
    let hosts = 0
    const admit: Admit = (host, send) => {
      hosts += 1
      const until = hosts === 1 ? deadline : performance.now() + this.#patienceMs
      return this.#within(`host ${host}`, this.#perHost, until, send)
    }
    // The organization first: whoever waits for a slow host then holds only slots of its own.
    return this.#within(`organization ${organizationId}`, this.#perOrganization, deadline, () =>
      probe(admit),
    )
  }

  #within<T>(
    name: string,
    concurrency: number,
    deadline: number,
    task: () => Promise<T>,
  ): Promise<T> {
    const queue = this.#queues.get(name) ?? this.#open(name, concurrency)
    const free = queue.size === 0 && queue.pending < concurrency
    return free ? queue.add(task) : waitFor(queue, deadline, task)
  }

  #open(name: string, concurrency: number): PQueue {
    const queue = new PQueue({ concurrency })
    this.#queues.set(name, queue)
    queue.addEventListener('idle', () => this.#queues.delete(name))
    return queue
  }
}

async function waitFor<T>(queue: PQueue, deadline: number, task: () => Promise<T>): Promise<T> {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(busy()), Math.max(0, deadline - performance.now()))
  const start = () => {
    clearTimeout(timer)
    return task()
  }
  return queue.add(start, { signal: patience.signal })
}

function busy(): Refusal {
  return new Refusal('probes-busy', {
    message:
      'Too many credentials are being checked at once for your organization or at this vendor. Try again in a few seconds.',
    retryAfter: 5,
  })
}
