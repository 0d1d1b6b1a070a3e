import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { GatewayMetrics } from './gateway-metrics.ts'

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

type RequestLabels = { method: string; route: string; status: string }

/** A value of each kind, such as the connections that are idle and those that are not. */
type Reading = Record<string, number>

/**
 * What this process counts, for Prometheus. Labels are few and bounded: keys of the catalogue's
 * elements, codes, patterns of routes; never a name, an id, an address or a path.
 */
export class Metrics {
  readonly registry = new Registry()
  readonly gateway: GatewayMetrics
  readonly #requestSeconds: Histogram<'route'>
  readonly #routes = new Map<string, ReturnType<Histogram<'route'>['labels']>>()
  /** In plain numbers, which the counter is told when somebody asks. */
  readonly #answers = new Map<string, { labels: RequestLabels; count: number }>()
  readonly #provisions: Counter<'verdict'>
  readonly #probes: Counter<'verdict'>
  readonly #probeSeconds: Histogram
  readonly #refreshes: Counter<'outcome'>
  readonly #deliveries: Counter<'outcome'>

  constructor() {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry })
    this.gateway = new GatewayMetrics(this.registry)
    const answers = this.#answers
    new Counter({
      name: 'latchkey_http_requests_total',
      help: 'Requests answered, by the pattern of their route; calls through the gateway by the class of their status',
      labelNames: ['method', 'route', 'status'],
      registers,
      collect() {
        this.reset()
        for (const { labels, count } of answers.values()) this.inc({ ...labels }, count)
      },
    })
    this.#requestSeconds = new Histogram({
      name: 'latchkey_http_request_seconds',
      help: 'How long requests took',
      labelNames: ['route'],
      buckets: seconds,
      registers,
    })
    this.#provisions = new Counter({
      name: 'latchkey_provisions_total',
      help: 'Instances that were to be provisioned, by what came of it: a state, or the code of a refusal',
      labelNames: ['verdict'],
      registers,
    })
    this.#probes = new Counter({
      name: 'latchkey_probes_total',
      help: 'Probes of credentials at vendors, by verdict',
      labelNames: ['verdict'],
      registers,
    })
    this.#probeSeconds = new Histogram({
      name: 'latchkey_probe_seconds',
      help: 'How long probes took, the wait for a place included',
      buckets: seconds,
      registers,
    })
    this.#refreshes = new Counter({
      name: 'latchkey_token_refreshes_total',
      help: 'Refreshes of tokens, by what came of them',
      labelNames: ['outcome'],
      registers,
    })
    this.#deliveries = new Counter({
      name: 'latchkey_webhook_deliveries_total',
      help: 'Attempts to deliver an event to a webhook, by what came of them',
      labelNames: ['outcome'],
      registers,
    })
  }

  answered(method: string, route: string, status: number | string, ms: number) {
    const key = `${method} ${status} ${route}`
    const answers = this.#answers.get(key)
    if (answers) answers.count += 1
    else this.#answers.set(key, { labels: { method, route, status: String(status) }, count: 1 })
    let lengths = this.#routes.get(route)
    if (!lengths) {
      lengths = this.#requestSeconds.labels({ route })
      this.#routes.set(route, lengths)
    }
    lengths.observe(ms / 1000)
  }

  provisioned(verdict: string) {
    this.#provisions.inc({ verdict })
  }

  probed(verdict: string, ms: number) {
    this.#probes.inc({ verdict })
    this.#probeSeconds.observe(ms / 1000)
  }

  refreshed(outcome: string) {
    this.#refreshes.inc({ outcome })
  }

  delivered(isDelivered: boolean) {
    this.#deliveries.inc({ outcome: isDelivered ? 'delivered' : 'failed' })
  }

  /** What is read whenever somebody asks. @param label which kind a value is of */
  gauge(name: string, help: string, label: string, read: () => Reading) {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [this.registry],
      collect() {
        this.reset()
        for (const [kind, value] of Object.entries(read())) this.set({ [label]: kind }, value)
      },
    })
  }

  /** In the text format of Prometheus. */
  text(): Promise<string> {
    return this.registry.metrics()
  }
}
