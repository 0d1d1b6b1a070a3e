import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingHttpHeaders } from 'node:http'
import {
  type Attributes,
  type Context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace as traceApi,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import type { SamplerName } from './sampler-names.ts'
import { samplerOf } from './samplers.ts'

/** Where traces go, and which. */
export interface TraceOptions {
  /** Of an OTLP receiver (HTTP). */
  url: string
  headers: Record<string, string>
  serviceName: string
  sampler: SamplerName
  /** The share of traces that are sampled, where the sampler asks for one. */
  ratio: number
}

const flushMs = 5_000

/**
 * Sends what it is told of the service's work as spans, in the background: what the receiver does
 * not take in time is lost, and nothing waits for it.
 */
export class Traces implements AsyncDisposable {
  readonly #provider: TracerProvider
  readonly #tracer: Tracer
  readonly #current = new AsyncLocalStorage<Trace>()

  constructor({ url, headers, serviceName, sampler, ratio }: TraceOptions) {
    const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: flushMs })
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': serviceName }),
      sampler: samplerOf(sampler, ratio),
      spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: flushMs })],
    })
    this.#tracer = this.#provider.getTracer('latchkey')
  }

  /** Goes on with the trace that the caller is in, or begins one. */
  begin(name: string, headers: IncomingHttpHeaders, attributes: Attributes = {}): Trace {
    const options = { kind: SpanKind.SERVER, attributes }
    return new Trace(this.#tracer, name, options, parentIn(headers))
  }

  /** What happens in `work` is part of the trace. */
  run<Result>(trace: Trace, work: () => Result): Result {
    return this.#current.run(trace, work)
  }

  /** A span around some work, in the trace that it is done in. */
  async around<Result>(
    name: string,
    attributes: Attributes,
    work: () => Promise<Result>,
    describe: (result: Result) => Attributes,
  ): Promise<Result> {
    const current = this.#current.getStore()
    const trace = current
      ? current.child(name, SpanKind.INTERNAL, attributes)
      : new Trace(this.#tracer, name, { attributes }, ROOT_CONTEXT)
    try {
      const result = await this.run(trace, work)
      trace.end(describe(result))
      return result
    } catch (error) {
      const { code = 'internal' } = error as { code?: string }
      trace.end({}, code)
      throw error
    }
  }

  /** Sends what waits, if that takes no longer than a few seconds. */
  flush(): Promise<void> {
    return this.#provider.forceFlush({ timeoutMillis: flushMs })
  }

  async [Symbol.asyncDispose]() {
    await this.#provider.shutdown().catch(() => {})
  }
}

/** Something that happens, and what is part of it. Attributes hold no secret, path or query. */
export class Trace {
  readonly #tracer: Tracer
  readonly #span: Span
  readonly #context: Context

  constructor(
    tracer: Tracer,
    name: string,
    options: { kind?: SpanKind; attributes?: Attributes },
    parent: Context,
  ) {
    this.#tracer = tracer
    this.#span = tracer.startSpan(name, options, parent)
    this.#context = traceApi.setSpan(parent, this.#span)
  }

  get id(): string {
    return this.#span.spanContext().traceId
  }

  child(name: string, kind: SpanKind, attributes: Attributes = {}): Trace {
    return new Trace(this.#tracer, name, { kind, attributes }, this.#context)
  }

  /** For whoever is called as part of it (W3C Trace Context, sections 3.2 and 3.3). */
  headers(): Record<string, string> {
    const { traceId, spanId, traceFlags, traceState } = this.#span.spanContext()
    const flags = traceFlags.toString(16).padStart(2, '0')
    const state = traceState?.serialize()
    return { traceparent: `00-${traceId}-${spanId}-${flags}`, ...(state && { tracestate: state }) }
  }

  /** @param error a word for what went wrong; left out: nothing did */
  end(attributes: Attributes = {}, error?: string) {
    this.#span.setAttributes(attributes)
    if (error) {
      this.#span.setAttribute('error.type', error)
      this.#span.setStatus({ code: SpanStatusCode.ERROR })
    }
    this.#span.end()
  }
}

/** W3C Trace Context, section 3.2.2; a later version begins as the first one does. */
function parentIn({ traceparent, tracestate }: IncomingHttpHeaders): Context {
  const text = String(traceparent ?? '')
  const [, version, traceId = '', spanId = '', flags = '', rest] =
    /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/.exec(text) ?? []
  const isRead = version === '00' ? rest === undefined : version !== undefined && version !== 'ff'
  const known = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
  if (!isRead || !isSpanContextValid(known)) return ROOT_CONTEXT
  const state = tracestate && { traceState: createTraceState(String(tracestate)) }
  return traceApi.setSpanContext(ROOT_CONTEXT, { ...known, ...state })
}
