import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

type CounterChild = ReturnType<Counter['labels']>
type HistogramChild = ReturnType<Histogram['labels']>

/** Elements that somebody made for themselves are one: there are as many as people like. */
export const ownElements = 'own'

/** What is counted of calls to one element, bound once: looking labels up takes longer than counting. */
export class ElementMetrics {
  readonly element: string
  readonly #calls: Counter<'element' | 'status' | 'code'>
  readonly #ends = new Map<string, CounterChild>()
  readonly vendorSeconds: HistogramChild
  readonly waitSeconds: HistogramChild
  readonly received: CounterChild
  readonly answered: CounterChild
  readonly retries: CounterChild

  constructor(element: string, families: Families) {
    this.element = element
    this.#calls = families.calls
    this.vendorSeconds = families.vendorSeconds.labels({ element })
    this.waitSeconds = families.waitSeconds.labels({ element })
    this.received = families.bytes.labels({ element, direction: 'to-vendor' })
    this.answered = families.bytes.labels({ element, direction: 'to-client' })
    this.retries = families.retries.labels({ element })
  }

  /** @param code why it is not the vendor's whole answer that the client got; empty where it is */
  ended(status: number, code: string) {
    const key = status * 1000 + code
    let child = this.#ends.get(key)
    if (!child) {
      const { element } = this
      child = this.#calls.labels({ element, status: classOf(status), code })
      this.#ends.set(key, child)
    }
    child.inc()
  }
}

interface Families {
  calls: Counter<'element' | 'status' | 'code'>
  vendorSeconds: Histogram<'element'>
  waitSeconds: Histogram<'element'>
  bytes: Counter<'element' | 'direction'>
  retries: Counter<'element'>
}

/** What is counted of calls through the gateway. */
export class GatewayMetrics {
  readonly #families: Families
  readonly #elements = new Map<string, ElementMetrics>()
  inFlight = 0

  constructor(registry: Registry) {
    const registers = [registry]
    const calls = new Counter({
      name: 'latchkey_gateway_calls_total',
      help: 'Calls, by the class of their status, and the code where the service refused or the answer broke off',
      labelNames: ['element', 'status', 'code'],
      registers,
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
    const bytes = new Counter({
      name: 'latchkey_gateway_bytes_total',
      help: 'Bytes of the bodies that clients sent, and of the answers that they got',
      labelNames: ['element', 'direction'],
      registers,
    })
    const retries = new Counter({
      name: 'latchkey_gateway_retries_total',
      help: 'Requests sent to a vendor once more for the same call',
      labelNames: ['element'],
      registers,
    })
    this.#families = { calls, vendorSeconds, waitSeconds, bytes, retries }
    const of = this
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
      known = new ElementMetrics(element, this.#families)
      this.#elements.set(element, known)
    }
    return known
  }
}

export function classOf(status: number): string {
  return `${Math.floor(status / 100)}xx`
}
