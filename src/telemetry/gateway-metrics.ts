import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

type HistogramChild = ReturnType<Histogram['labels']>

/** Elements that somebody made for themselves are one: there are as many as people like. */
export const ownElements = 'own'

/** How many calls ended in one way. */
interface Ends {
  status: string
  code: string
  count: number
}

/**
 * What is counted of calls to one element: in plain numbers, which the counters are told when
 * somebody asks.
 */
export class ElementMetrics {
  readonly element: string
  readonly vendorSeconds: HistogramChild
  readonly waitSeconds: HistogramChild
  readonly #ends = new Map<string, Ends>()
  /** Bytes of the bodies that clients sent, and of the answers that they got. */
  received = 0
  answered = 0
  retries = 0

  constructor(element: string, { vendorSeconds, waitSeconds }: Histograms) {
    this.element = element
    this.vendorSeconds = vendorSeconds.labels({ element })
    this.waitSeconds = waitSeconds.labels({ element })
  }

  get ends(): Iterable<Readonly<Ends>> {
    return this.#ends.values()
  }

  /** @param code why it is not the vendor's whole answer that the client got; empty where it is */
  ended(status: number, code: string) {
    const key = status + code
    const known = this.#ends.get(key)
    if (known) known.count += 1
    else this.#ends.set(key, { status: classOf(status), code, count: 1 })
  }
}

interface Histograms {
  vendorSeconds: Histogram<'element'>
  waitSeconds: Histogram<'element'>
}

/** What is counted of calls through the gateway. */
export class GatewayMetrics {
  readonly #histograms: Histograms
  readonly #elements = new Map<string, ElementMetrics>()
  inFlight = 0

  constructor(registry: Registry) {
    const registers = [registry]
    const of = this
    new Counter({
      name: 'latchkey_gateway_calls_total',
      help: 'Calls, by the class of their status, and the code where the service refused or the answer broke off',
      labelNames: ['element', 'status', 'code'],
      registers,
      collect() {
        this.reset()
        for (const { element, ends } of of.#elements.values()) {
          for (const { status, code, count } of ends) this.inc({ element, status, code }, count)
        }
      },
    })
    const vendorSeconds = new Histogram({
      name: 'latchkey_gateway_vendor_seconds',
      help: 'Until the first byte of a vendor, for each request sent there',
      labelNames: ['element'],
      buckets: seconds,
      registers,
    })
    const waitSeconds = new Histogram({
      name: 'latchkey_gateway_wait_seconds',
      help: 'How long calls waited for their turn, where something limits them',
      labelNames: ['element'],
      buckets: seconds,
      registers,
    })
    new Counter({
      name: 'latchkey_gateway_bytes_total',
      help: 'Bytes of the bodies that clients sent, and of the answers that they got',
      labelNames: ['element', 'direction'],
      registers,
      collect() {
        this.reset()
        for (const { element, received, answered } of of.#elements.values()) {
          this.inc({ element, direction: 'to-vendor' }, received)
          this.inc({ element, direction: 'to-client' }, answered)
        }
      },
    })
    new Counter({
      name: 'latchkey_gateway_retries_total',
      help: 'Requests sent to a vendor once more for the same call',
      labelNames: ['element'],
      registers,
      collect() {
        this.reset()
        for (const { element, retries } of of.#elements.values()) this.inc({ element }, retries)
      },
    })
    this.#histograms = { vendorSeconds, waitSeconds }
    new Gauge({
      name: 'latchkey_gateway_calls_in_flight',
      help: 'Calls that have begun and are not over',
      registers,
      collect() {
        this.set(of.inFlight)
      },
    })
  }

  /** @param element a key of the catalogue, `own`, or nothing where it is not known */
  of(element: string): ElementMetrics {
    let known = this.#elements.get(element)
    if (!known) {
      known = new ElementMetrics(element, this.#histograms)
      this.#elements.set(element, known)
    }
    return known
  }
}

export function classOf(status: number): string {
  return `${Math.floor(status / 100)}xx`
}
