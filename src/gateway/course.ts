import type { ServerResponse } from 'node:http'
import { SpanKind } from '@opentelemetry/api'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { firstOwnId } from '../elements/catalog.ts'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { type ElementMetrics, ownElements } from '../telemetry/gateway-metrics.ts'
import type { Trace } from '../telemetry/traces.ts'
import type { CallLog } from './call-log.ts'
import type { Callable } from './callable.ts'
import type { CallBody } from './keep-body.ts'
import { Recording } from './recording.ts'

/** A request to the vendor, for those who look on. */
interface Asking {
  /** To be signed: part of the trace that it is sent in. */
  request: VendorRequest
  answered(status: number): void
  failed(kind: string): void
}

/** What becomes of a call on its way, for those who look on. */
export class Course {
  readonly #gateway: Context['metrics']['gateway']
  readonly #callLog: CallLog
  readonly #request: FastifyRequest
  #instance: { organizationId: number; instanceId: number } | undefined
  #recording: Recording | undefined
  readonly #readBefore: number
  readonly #writtenBefore: number
  readonly #startedAt = performance.now()
  #metrics: ElementMetrics
  #isOver = false
  /** How long it waited for its turn, all attempts together. */
  waitedMs = 0
  /** How often the vendor was asked. */
  attempts = 0

  constructor({ metrics, callLog }: Pick<Context, 'callLog' | 'metrics'>, request: FastifyRequest) {
    const { socket } = request.raw
    this.#gateway = metrics.gateway
    this.#callLog = callLog
    this.#request = request
    this.#readBefore = socket.bytesRead
    this.#writtenBefore = socket.bytesWritten
    this.#metrics = this.#gateway.of('none')
    this.#gateway.inFlight += 1
  }

  get durationMs(): number {
    return performance.now() - this.#startedAt
  }

  /** @param path as it was sent here */
  leadsTo(callable: Callable, path: string, body: CallBody) {
    const { record, element } = callable.connection
    this.#metrics = this.#gateway.of(record.elementId < firstOwnId ? element.key : ownElements)
    const { callLogUntil } = record
    if (!callLogUntil || callLogUntil.getTime() < Date.now() || !this.#callLog.hasRoom) return
    this.#instance = callable
    this.#recording = new Recording(callable, this.#request, path, body)
  }

  signs(unsigned: VendorRequest, signed: VendorRequest, values: Values) {
    this.#recording?.signs(unsigned, signed, values)
  }

  /** The vendor's answer is about to be handed on. */
  answers(
    answer: { status: number; headers: Record<string, string | string[]> },
    response: ServerResponse,
  ) {
    this.#recording?.answers(answer, response)
  }

  /** @returns to be called when the wait is over */
  waits(): () => void {
    const since = performance.now()
    const trace = this.#request.trace?.child('wait for limits', SpanKind.INTERNAL)
    return () => {
      const ms = performance.now() - since
      trace?.end()
      this.waitedMs += ms
      this.#metrics.waitSeconds.observe(ms / 1000)
    }
  }

  /** A request is about to be signed and sent to the vendor. */
  asks(unsigned: VendorRequest): Asking {
    const since = performance.now()
    const span = this.#request.trace && traceAttempt(this.#request.trace, unsigned, this.attempts)
    return {
      request: span
        ? { ...unsigned, headers: { ...unsigned.headers, ...span.headers() } }
        : unsigned,
      answered: (status) => {
        this.#metrics.vendorSeconds.observe((performance.now() - since) / 1000)
        span?.end({ 'http.response.status_code': status })
      },
      failed: (kind) => span?.end({}, kind),
    }
  }

  /** @param code why it is not the vendor's whole answer that the client got; empty where it is */
  ends(status: number, code: string) {
    if (this.#isOver) return
    this.#isOver = true
    this.#gateway.inFlight -= 1
    const { raw, headers } = this.#request
    const { socket } = raw
    const length = Number(headers['content-length'] ?? socket.bytesRead - this.#readBefore)
    this.#metrics.ended(status, code)
    if (length > 0) this.#metrics.received += length
    const written = socket.bytesWritten - this.#writtenBefore
    if (written > 0) this.#metrics.answered += written
    if (this.attempts > 1) this.#metrics.retries += this.attempts - 1
    const recording = this.#recording
    if (recording && this.#instance) {
      const { organizationId, instanceId } = this.#instance
      const { durationMs, waitedMs, attempts } = this
      const ended = { status, code, durationMs, waitedMs, attempts }
      this.#callLog.keep(organizationId, instanceId, () => recording.render(ended))
    }
  }
}

/** Semantic conventions for HTTP: neither path nor query, which may hold secrets. */
function traceAttempt(trace: Trace, { method, url }: VendorRequest, before: number): Trace {
  const { hostname, port, protocol } = new URL(url)
  return trace.child(method, SpanKind.CLIENT, {
    'http.request.method': method,
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
    ...(before > 0 && { 'http.request.resend_count': before }),
  })
}
