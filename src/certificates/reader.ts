import { Worker } from 'node:worker_threads'
import PQueue from 'p-queue'
import { Refusal } from '../http/errors.ts'
import type { CertificateBundle, GivenCertificate } from './bundle.ts'
import { CertificateError, tooCostly, tooLarge } from './error.ts'
import type { Reading } from './read-thread.ts'

const maxBytes = 256 * 1024
const atOnce = 2
const perOrganization = 8
const maxPending = 32
const deadlineMs = 5_000

/**
 * Reads certificates off the main thread: each in a thread of its own, which knows nothing of the
 * service and is ended at the deadline. Two at once; of those that wait, an organization has a few only.
 */
export class CertificateReader implements AsyncDisposable {
  readonly #deadlineMs: number
  readonly #queue = new PQueue({ concurrency: atOnce })
  readonly #pending = new Map<number, number>()
  readonly #threads = new Set<Worker>()

  constructor(options: { deadlineMs?: number } = {}) {
    this.#deadlineMs = options.deadlineMs ?? deadlineMs
  }

  /**
   * @throws {CertificateError} which says what is wrong with it
   * @throws {Refusal} `certificates-busy` where too many are being read already
   */
  async read(organizationId: number, given: GivenCertificate): Promise<CertificateBundle> {
    if (sizeOf(given) > maxBytes) throw tooLarge('The file has more than 256 KiB')
    const pending = this.#pending.get(organizationId) ?? 0
    if (pending >= perOrganization || this.#queue.size + this.#queue.pending >= maxPending) {
      throw busy()
    }
    this.#pending.set(organizationId, pending + 1)
    try {
      return await this.#queue.add(() => this.#readInThread(given))
    } finally {
      const left = this.#pending.get(organizationId)! - 1
      if (left > 0) this.#pending.set(organizationId, left)
      else this.#pending.delete(organizationId)
    }
  }

  /** Ends what is being read. */
  async [Symbol.asyncDispose]() {
    this.#queue.clear()
    await Promise.all([...this.#threads].map((thread) => thread.terminate()))
  }

  async #readInThread(given: GivenCertificate): Promise<CertificateBundle> {
    const thread = new Worker(new URL('./read-thread.ts', import.meta.url), {
      workerData: given,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32 },
    })
    this.#threads.add(thread)
    const { promise, resolve, reject } = Promise.withResolvers<Reading>()
    thread.once('message', resolve).once('error', reject)
    thread.once('exit', () => reject(new Error('the thread ended without a result')))
    const timer = setTimeout(() => reject(tooCostly()), this.#deadlineMs)
    try {
      const reading = await promise
      if ('bundle' in reading) return reading.bundle
      throw new CertificateError(reading.refused.kind, reading.refused.message)
    } catch (error) {
      throw isOutOfMemory(error) ? tooCostly() : error
    } finally {
      clearTimeout(timer)
      this.#threads.delete(thread)
      await thread.terminate()
    }
  }
}

function sizeOf(given: GivenCertificate): number {
  if ('pkcs12' in given) return given.pkcs12.length
  const { certificate, chain = '', key } = given
  return Buffer.byteLength(certificate) + Buffer.byteLength(chain) + Buffer.byteLength(key)
}

function isOutOfMemory(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY'
}

function busy(): Refusal {
  return new Refusal('certificates-busy', {
    message: 'Too many certificates are being read at once. Try again in a few seconds.',
    retryAfter: 5,
  })
}
