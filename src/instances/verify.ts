import type { VendorRequest } from '../authentication/request.ts'
import type { Context } from '../context.ts'
import { type ProblemCode, Refusal } from '../http/errors.ts'
import { type ProbeResult, probeVendor } from '../probe/probe.ts'
import type { Credentials } from '../probe/request.ts'
import type { InstanceRecord } from './store.ts'

const codeOfVerdict = {
  rejected: 'credentials-rejected',
  insufficient: 'credentials-insufficient',
  misdirected: 'vendor-misdirected',
  throttled: 'vendor-throttled',
  unreachable: 'vendor-unreachable',
  late: 'vendor-late',
  unexpected: 'vendor-unexpected',
  forbidden: 'destination-forbidden',
} as const satisfies Record<Exclude<ProbeResult['verdict'], 'verified'>, ProblemCode>

/**
 * Tries credentials at the vendor, as soon as there is a place for it.
 * @throws {Refusal} for every verdict but `verified`, with the exchange
 */
export async function verify(
  context: Pick<Context, 'egress' | 'admission' | 'probeDeadlineMs'>,
  organizationId: number,
  credentials: Credentials,
  request: VendorRequest | undefined,
): Promise<Pick<InstanceRecord, 'state' | 'stateReason'>> {
  const { element, baseUrl } = credentials
  const { probe } = element
  const { probeDeadlineMs: deadlineMs } = context
  if (!probe) {
    const stateReason = `${element.name} offers nothing to check the credentials with; they are stored as given.`
    return { state: 'unverified', stateReason }
  }
  const result = await context.admission.run(organizationId, baseUrl.hostname, () =>
    probeVendor(context.egress, probe, credentials, { deadlineMs, request }),
  )
  const { verdict, message, providerMessage, retryAfter } = result
  if (verdict === 'verified') return { state: 'verified', stateReason: null }
  const details = { message, providerMessage, retryAfter, probe: result.exchange() }
  throw new Refusal(codeOfVerdict[verdict], details)
}

/** What `verify: false` asks for. */
export const draft = {
  state: 'draft',
  stateReason: 'Stored without asking the vendor; verify it before it can be used.',
} as const
