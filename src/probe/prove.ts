import type { Context } from '../context.ts'
import type { Egress } from '../egress/client.ts'
import { type ProblemCode, Refusal } from '../http/errors.ts'
import { type ProbeResult, probeVendor } from './probe.ts'
import { type Credentials, type Prepared, stepsFor } from './request.ts'

/** What a caller is told of a verdict that is none on which an instance can be stored. */
export const codeOfVerdict = {
  rejected: 'credentials-rejected',
  insufficient: 'credentials-insufficient',
  misdirected: 'vendor-misdirected',
  throttled: 'vendor-throttled',
  unreachable: 'vendor-unreachable',
  late: 'vendor-late',
  unexpected: 'vendor-unexpected',
  forbidden: 'destination-forbidden',
} as const satisfies Record<Exclude<ProbeResult['verdict'], 'verified'>, ProblemCode>

export type ProvingNeeds = Pick<
  Context,
  'egress' | 'admission' | 'metrics' | 'probeDeadlineMs' | 'traces'
>

/**
 * The probe that the vendor passed; undefined where the element has none.
 * @param begin what has to happen right before anything is sent
 * @throws {Refusal} for every verdict but `verified`, with the exchange
 */
export async function prove(
  context: ProvingNeeds,
  organizationId: number,
  credentials: Credentials,
  first: Prepared | undefined,
  steps = stepsFor(credentials.element, credentials.authentication),
  begin?: () => Promise<void>,
): Promise<ProbeResult | undefined> {
  const { probeDeadlineMs: deadlineMs } = context
  if (steps.length === 0) return undefined
  const probe = (egress: Pick<Egress, 'send'>) =>
    probeVendor(egress, credentials, { deadlineMs, first, steps })
  const started = performance.now()
  const { metrics, traces } = context
  const work = () => admitted(context, organizationId, probe, begin)
  const about = { 'latchkey.element.key': credentials.element.key }
  const verdict = (made: ProbeResult) => ({ 'latchkey.verdict': made.verdict })
  const result = await (traces ? traces.around('probe', about, work, verdict) : work())
  metrics.probed(result.verdict, performance.now() - started)
  return requireVerified(result)
}

/**
 * Probes as soon as there is a place for it, in the organization and for each host.
 * @param begin what has to happen right before anything is sent
 * @throws {Refusal} `probes-busy`
 */
export function admitted<T>(
  context: Pick<Context, 'egress' | 'admission'>,
  organizationId: number,
  probe: (egress: Pick<Egress, 'send'>) => Promise<T>,
  begin?: () => Promise<void>,
): Promise<T> {
  let left = begin
  return context.admission.run(organizationId, (admit) =>
    probe({
      send: (request) =>
        admit(request.url.hostname, async () => {
          const before = left
          left = undefined
          await before?.()
          return context.egress.send(request)
        }),
    }),
  )
}

/** @throws {Refusal} for every verdict but `verified`, with the exchange */
export function requireVerified<Result extends ProbeResult>(result: Result): Result {
  const { verdict, message, providerMessage, retryAfter } = result
  if (verdict === 'verified') return result
  const details = { message, providerMessage, retryAfter, probe: result.exchange() }
  throw new Refusal(codeOfVerdict[verdict], details)
}
