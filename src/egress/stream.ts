import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { withoutStacks } from '../http/stackless.ts'
import { tooLarge } from './body.ts'
import {
  aborted,
  codeOf,
  EgressFailure,
  exchangeFailure,
  late,
  stalled,
  withdrawn,
} from './failure.ts'
import type { Connections, Identities } from './identities.ts'
import type { Place, Places } from './places.ts'
import { checkMethod, outgoingHeaders } from './request.ts'
import { breakOff, endWith, pairs } from './sink.ts'
import type { StreamAnswer } from './stream-answer.ts'
import type { StreamRequest } from './stream-request.ts'
import { dispatchTrailed, isTrailed } from './trailed.ts'
import { piece, type Turns } from './turns.ts'
import type { Watch, Watched } from './watch.ts'

export interface StreamContext {
  identities: Identities
  places: Places
  watch: Watch
  turns: Turns
  /** Where a request says nothing of it. */
  firstByteMs: number
  idleMs: number
}

type Taker = { done(): void; failed(failure: EgressFailure): void; wants(held: number): boolean }

const repeatableMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
const brokenSocket = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
/** Of a body that nobody takes yet; then the vendor has to wait. */
const maxHeld = 64 * 1024
/** A connection is worth so many bytes that nobody wants. */
const maxDiscarded = 64 * 1024

/** A request under way and its answer: what undici tells of them goes straight to who wants it. */
export class Stream implements Dispatcher.DispatchHandler, StreamAnswer, Watched {
  status = 0
  enrolledAt: number | undefined
  headers: Record<string, string | string[]> = {}
  readonly #context: StreamContext
  readonly #request: StreamRequest
  readonly #place: Place
  readonly #path: string
  readonly #headers: string[]
  #settle: PromiseWithResolvers<StreamAnswer> | undefined
  #connections: Connections | undefined
  #controller: Dispatcher.DispatchController | undefined
  #rawHeaders: Buffer[] = []
  #trailers: Buffer[] = []
  #started = false
  #isFresh = false
  #answering = false
  #repeated = false
  #movedAt = 0
  #held: Buffer[] = []
  #heldBytes = 0
  #discarded: number | undefined
  #ended = false
  #failure: EgressFailure | undefined
  #taker: Taker | undefined
  #sink: ServerResponse | undefined
  #run = 0
  #rests = false

  /** @throws {EgressFailure} where the request can't be sent or may not go where it is meant to */
  constructor(
    context: StreamContext,
    request: StreamRequest,
    settle: PromiseWithResolvers<StreamAnswer>,
  ) {
    this.#context = context
    this.#request = request
    this.#settle = settle
    checkMethod(request.method)
    this.#headers = outgoingHeaders(request.headers, false)
    if (request.length !== undefined && request.body instanceof Readable) {
      this.#headers.push('content-length', String(request.length))
    }
    const { place, path } = context.places.of(request.url)
    this.#place = place
    this.#path = path
  }

  get rawHeaders(): string[] {
    return this.#rawHeaders.map((part) => part.toString('latin1'))
  }

  start(): void {
    const { signal } = this.#request
    if (signal?.aborted) throw aborted()
    signal?.addEventListener('abort', this.#onAbort)
    this.#context.watch.add(this)
    this.#movedAt = this.#context.watch.now
    this.#dispatch()
  }

  check(now: number): void {
    const { firstByteMs = this.#context.firstByteMs, idleMs = this.#context.idleMs } = this.#request
    const { body } = this.#request
    const limit = this.status === 0 ? firstByteMs : idleMs
    if (now - this.#movedAt < limit) return
    const { hostname } = this.#place
    const waits =
      this.status === 0
        ? body instanceof Readable && !body.readableEnded && body.readableLength === 0
        : this.#controller?.paused === true
    this.#fail(waits ? stalled() : late(hostname, limit))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown rather than told to the controller: the connection stays for others.
    if (this.#failure) throw this.#failure
    if (this.#request.mayStart?.() === false) throw withdrawn()
    this.#controller = controller
    this.#started = true
    this.#isFresh = this.#connections!.connector.handing
    this.#movedAt = this.#context.watch.now
  }

  onBodySent(): void {
    this.#movedAt = this.#context.watch.now
  }

  onResponseStarted(): void {
    this.#answering = true
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[]>,
  ): void {
    if (status < 200) return
    this.status = status
    this.headers = headers
    this.#rawHeaders = controller.rawHeaders as Buffer[]
    this.#movedAt = this.#context.watch.now
    const settle = this.#settle
    this.#settle = undefined
    settle?.resolve(this)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#failure) return
    this.#movedAt = this.#context.watch.now
    if (this.#sink) {
      if (!this.#sink.write(chunk)) controller.pause()
      this.#run += chunk.length
      if (this.#run >= piece) this.#rest(controller)
    } else if (this.#discarded !== undefined) {
      this.#discarded += chunk.length
      if (this.#discarded > maxDiscarded) this.#fail(aborted())
    } else {
      this.#held.push(chunk)
      this.#heldBytes += chunk.length
      if (!(this.#taker?.wants(this.#heldBytes) ?? this.#heldBytes < maxHeld)) controller.pause()
    }
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#failure) return
    this.#ended = true
    this.#trailers = (controller.rawTrailers as Buffer[] | null) ?? []
    // The answer is whole: nothing may break off a connection that others will use.
    this.#controller = undefined
    this.#finish()
    this.#taker?.done()
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#failure || this.#ended) return
    if (this.#mayRepeat(error)) {
      this.#repeated = true
      this.#started = false
      this.#controller = undefined
      // Not at once: undici is still putting away the connection that broke.
      setImmediate(() => this.#dispatch())
      return
    }
    const presents =
      this.#request.clientCertificate !== undefined && this.#isFresh && !this.#answering
    this.#fail(exchangeFailure({ ...this.#place, presents }, error, this.status > 0))
  }

  async peek(max: number): Promise<Buffer> {
    await this.#until((held) => held < max)
    return this.#joined().subarray(0, max)
  }

  async read(max: number): Promise<Buffer> {
    await this.#until((held) => held <= max)
    if (this.#heldBytes > max) {
      this.#fail(aborted())
      throw tooLarge(this.#place.hostname, max)
    }
    return this.#joined()
  }

  pipe(sink: ServerResponse, mayTrail: (name: string) => boolean = () => true): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const held = this.#held
    this.#held = []
    const end = () => {
      const trailers = pairs(this.#trailers).filter(([name]) => mayTrail(name))
      if (trailers.length > 0) sink.addTrailers(trailers)
    }
    if (this.#ended) {
      end()
      endWith(sink, held, this.#heldBytes)
      resolve()
      return promise
    }
    const onDrain = () => {
      this.#movedAt = this.#context.watch.now
      if (!this.#rests) this.#controller?.resume()
    }
    this.#taker = {
      wants: () => true,
      done() {
        sink.off('drain', onDrain)
        end()
        sink.end()
        resolve()
      },
      failed(failure) {
        sink.off('drain', onDrain)
        breakOff(sink)
        reject(failure)
      },
    }
    if (this.#failure) {
      this.#taker.failed(this.#failure)
      return promise
    }
    this.#sink = sink
    sink.on('drain', onDrain)
    if (held.length === 0) {
      // The head alone: the body may be long in coming.
      sink.flushHeaders()
      this.#controller?.resume()
      return promise
    }
    let isTaken = true
    for (const chunk of held) isTaken = sink.write(chunk)
    if (isTaken) this.#controller?.resume()
    return promise
  }

  discard(): void {
    if (this.#ended || this.#failure) return
    this.#held = []
    this.#discarded = this.#heldBytes
    this.#controller?.resume()
  }

  #rest(controller: Dispatcher.DispatchController): void {
    this.#run = 0
    this.#rests = true
    controller.pause()
    this.#context.turns.wait(() => {
      this.#rests = false
      if (!this.#controller || this.#sink?.writableNeedDrain) return false
      this.#controller.resume()
      return true
    })
  }

  readonly #onAbort = () => this.#fail(aborted())

  #dispatch(): void {
    if (this.#failure) return
    const { method, body = null, clientCertificate } = this.#request
    try {
      this.#connections = this.#context.identities.of(clientCertificate)
      const { connector, origins } = this.#connections
      const sent = { method, path: this.#path, headers: this.#headers }
      if (isTrailed(body)) dispatchTrailed(connector, this.#place, { ...sent, body }, this)
      else origins.get(this.#place.origin).dispatch({ ...sent, body }, this)
    } catch (error) {
      this.#fail(error as EgressFailure)
    }
  }

  /** As with an exchange: once, and never after a failure on a fresh connection. */
  #mayRepeat(error: Error): boolean {
    if (this.#repeated || this.status > 0 || error instanceof EgressFailure) return false
    if (!brokenSocket.has(codeOf(error) ?? '')) return false
    const { method, body, repeatable = repeatableMethods.has(method) } = this.#request
    if (!this.#started) return true
    return repeatable && !this.#isFresh && !this.#answering && !(body instanceof Readable)
  }

  #until(wants: (held: number) => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (this.#failure) reject(this.#failure)
    else if (this.#ended || !wants(this.#heldBytes)) resolve()
    else {
      this.#taker = {
        wants(held) {
          if (wants(held)) return true
          resolve()
          return false
        },
        done: resolve,
        failed: reject,
      }
      this.#controller?.resume()
    }
    return promise.finally(() => {
      this.#taker = undefined
    })
  }

  #joined(): Buffer {
    const joined = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held)
    this.#held = joined.length > 0 ? [joined] : []
    return joined
  }

  #fail(failure: EgressFailure): void {
    if (this.#failure || this.#ended) return
    failure.sent = this.#started
    this.#failure = failure
    this.#held = []
    this.#finish()
    const controller = this.#controller
    // undici destroys the connection with an error of its own, whose stack Node renders.
    if (controller) withoutStacks(() => controller.abort(failure))
    this.#controller = undefined
    this.#settle?.reject(failure)
    this.#settle = undefined
    this.#taker?.failed(failure)
  }

  #finish(): void {
    this.#context.watch.delete(this)
    this.#request.signal?.removeEventListener('abort', this.#onAbort)
  }
}
