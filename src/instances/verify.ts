import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import type { Egress } from '../egress/client.ts'
import { type ProblemCode, Refusal } from '../http/errors.ts'
import { type ProbeResult, probeVendor } from '../probe/probe.ts'
import { type Credentials, type Prepared, stepsFor } from '../probe/request.ts'
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

/** What became of trying credentials. */
export interface Verified extends Pick<InstanceRecord, 'state' | 'stateReason'> {
  /** What the vendor told that belongs into the configuration. */
  discovered: ProbeResult['discovered']
  /** What the login yielded, where there was one. */
  session?: ProbeResult['session']
}

type Needs = Pick<Context, 'egress' | 'admission' | 'probeDeadlineMs'>

/**
 * Tries credentials at the vendor, as soon as there is a place for it.
 * @throws {Refusal} for every verdict but `verified`, with the exchange
 */
export async function verify(
  context: Needs,
  organizationId: number,
  credentials: Credentials,
  first: Prepared | undefined,
): Promise<Verified> {
  return conclude(credentials.element, await prove(context, organizationId, credentials, first))
}

/** What a proof means for an instance. */
export function conclude(element: Element, proof: ProbeResult | undefined): Verified {
  if (proof) {
    const { discovered, session } = proof
    return { state: 'verified', stateReason: null, discovered, session }
  }
  const stateReason = `${element.name} offers nothing to check the credentials with; they are stored as given.`
  return { state: 'unverified', stateReason, discovered: [] }
}

/**
 * The probe that the vendor passed; undefined where the element has none.
 * @throws {Refusal} for every verdict but `verified`, with the exchange
 */
export async function prove(
  context: Needs,
  organizationId: number,
  credentials: Credentials,
  first: Prepared | undefined,
): Promise<ProbeResult | undefined> {
  const { element, authentication } = credentials
  const { probeDeadlineMs: deadlineMs } = context
  if (stepsFor(element, authentication).length === 0) return undefined
  const result = await context.admission.run(organizationId, (admit) => {
    const egress: Pick<Egress, 'send'> = {
      send: (request) => admit(request.url.hostname, () => context.egress.send(request)),
    }
    return probeVendor(egress, credentials, { deadlineMs, first })
  })
  const { verdict, message, providerMessage, retryAfter } = result
  if (verdict === 'verified') return result
  const details = { message, providerMessage, retryAfter, probe: result.exchange() }
  throw new Refusal(codeOfVerdict[verdict], details)
}

/** What `verify: false` asks for. */
export const draft = {
  state: 'draft',
  stateReason: 'Stored without asking the vendor; verify it before it can be used.',
  discovered: [],
} as const satisfies Verified
