import type { Element } from '../definition/element.ts'
import type { ProbeResult } from '../probe/probe.ts'
import { type ProvingNeeds, prove } from '../probe/prove.ts'
import type { Credentials, Prepared } from '../probe/request.ts'
import type { InstanceRecord } from './store.ts'

/** What became of trying credentials. */
export interface Verified extends Pick<InstanceRecord, 'state' | 'stateReason'> {
  /** What the vendor told that belongs into the configuration. */
  discovered: ProbeResult['discovered']
  /** What the login yielded, where there was one. */
  session?: ProbeResult['session']
}

/**
 * Tries credentials at the vendor, as soon as there is a place for it.
 * @throws {Refusal} for every verdict but `verified`, with the exchange
 */
export async function verify(
  context: ProvingNeeds,
  organizationId: number,
  credentials: Credentials,
  first: Prepared | undefined,
  begin?: () => Promise<void>,
): Promise<Verified> {
  const proof = await prove(context, organizationId, credentials, first, undefined, begin)
  return conclude(credentials.element, proof)
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

/** What `verify: false` asks for. */
export const draft = {
  state: 'draft',
  stateReason: 'Stored without asking the vendor; verify it before it can be used.',
  discovered: [],
} as const satisfies Verified
