import type { Dispatcher } from 'undici'
import { encodingsOf, tooLarge } from './body.ts'
import { aborted } from './failure.ts'

export interface AttemptOwner {
  /** Whether the connection that a request is being written to has served others before. */
  onUsedSocket(): boolean
  ended(attempt: Attempt): void
  /** Once, and never after `ended`. */
  failed(attempt: Attempt, error: Error): void
}

/** Compressed bytes may be a little more than what they stand for. */
const encodingOverhead = 64 * 1024

/** A request sent once, and the answer as far as it has come. */
export class Attempt implements Dispatcher.DispatchHandler {
  status = 0
  headers: Record<string, string | string[]> = {}
  encodings: string[] = []
  /** Whether any of the request may have been written. */
  started = false
  onUsedSocket = false
  /** Whether any of an answer has come. */
  answering = false
  readonly url: URL
  readonly #maxBytes: number
  readonly #owner: AttemptOwner
  #controller: Dispatcher.DispatchController | undefined
  #chunks: Buffer[] = []
  #bytes = 0
  #over = false

  constructor(url: URL, maxBytes: number, owner: AttemptOwner) {
    this.url = url
    this.#maxBytes = maxBytes
    this.#owner = owner
  }

  get body(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
  }

  /** Whatever comes from now on is not heard, and the connection is closed. */
  abort(): void {
    this.#over = true
    this.#controller?.abort(aborted())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#over) {
      controller.abort(aborted())
      return
    }
    this.#controller = controller
    this.started = true
    this.onUsedSocket = this.#owner.onUsedSocket()
  }

  onResponseStarted(): void {
    this.answering = true
  }

  onResponseStart(_controller: unknown, status: number, headers: object): void {
    if (status < 200) return
    this.status = status
    this.headers = headers as Record<string, string | string[]>
    this.encodings = encodingsOf(this.headers['content-encoding'])
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (this.#over) return
    this.#bytes += chunk.length
    this.#chunks.push(chunk)
    if (this.#bytes > this.#maxBytes + (this.encodings.length > 0 ? encodingOverhead : 0)) {
      this.abort()
      this.#owner.failed(this, tooLarge(this.url.hostname, this.#maxBytes))
    }
  }

  onResponseEnd(): void {
    if (this.#over) return
    this.#over = true
    // The answer is whole: nothing may break off a connection that others will use.
    this.#controller = undefined
    this.#owner.ended(this)
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#owner.failed(this, error)
  }
}
