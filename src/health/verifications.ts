import { ProbeAdmission } from '../probe/admission.ts'

const perOrganization = 8
const perHost = 4
/** Nobody waits for one of many, so that it may wait for its turn. */
const patienceMs = 120_000

/** What this process tries of many instances at once, apart from what is asked one by one. */
export class Verifications implements AsyncDisposable {
  readonly admission = new ProbeAdmission({ perOrganization, perHost, patienceMs })
  readonly #running = new Set<Promise<void>>()
  readonly #stop = new AbortController()

  /** Ends when no more of them is to be begun. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  /** Goes on whoever waits for it. */
  run(work: Promise<void>) {
    const running = work.finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async [Symbol.asyncDispose]() {
    this.#stop.abort()
    await Promise.allSettled(this.#running)
  }
}
