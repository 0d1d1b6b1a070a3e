import type { Element } from '../definition/element.ts'
import type { Refusal } from '../http/errors.ts'
import type { StoredRecord } from '../instances/connection-store.ts'
import type { InstanceRecord, LastCheck } from '../instances/store.ts'
import { codeOfVerdict } from '../probe/prove.ts'
import type { Expiry } from './expiry.ts'

/** So many refusals one after the other, hours apart, and nothing more is tried. */
const refusalsToFail = 3

const hour = 3600
const day = 24 * hour
/** Seconds after the first refusal, the second, … */
const refusalPauses = [4 * hour, 20 * hour]
const firstSetbackPause = 15 * 60
const busyPause = 5 * 60
/** Others take as long for the same, but not all at once. */
const jitter = 0.15

/** What became of looking after an instance. */
export type Tried = 'accepted' | 'untried' | Refusal

/** What is stored of it. */
export interface Conclusion extends Pick<InstanceRecord, 'state' | 'stateReason'> {
  /** Whether the vendor has accepted it. */
  accepted: boolean
  /** Left out: what was known stays. */
  lastCheck?: LastCheck | undefined
  refusals: number
  /** Seconds until the next look; null: not until a person has proved the instance. */
  after: number | null
}

/** Seconds between two tries; 0: never. */
export function intervalOf({ settings }: Pick<Element, 'settings'>): number {
  return (settings?.verifyEveryHours ?? 24) * hour
}

/** Whether it is time to ask the vendor; what was refused or not answered is asked about again. */
export function isDue(
  { lastCheck, verifiedAt, stateSince }: StoredRecord,
  interval: number,
  now: Date,
): boolean {
  if (interval === 0) return false
  if (lastCheck && lastCheck.verdict !== 'verified') return true
  const last = verifiedAt ?? stateSince
  return now.getTime() - last.getTime() >= interval * (1 - 2 * jitter) * 1000
}

/**
 * Only refusals of the credentials count against an instance, and only several of them, so that no
 * outage makes one unusable, and no account is locked by asking again and again.
 */
export function conclude(
  seen: Pick<StoredRecord, 'id' | 'state' | 'stateReason' | 'verifiedAt' | 'lastCheck'> & {
    refusals: number
  },
  element: Element,
  tried: Tried,
  { expiry, healthy, now }: { expiry: Expiry; healthy: Healthy; now: Date },
): Conclusion {
  const interval = intervalOf(element) || day
  const state = stateOf(expiry, tried === 'accepted' ? verified : healthy)
  const { refusals } = seen
  if (tried === 'accepted') {
    const lastCheck = { verdict: 'verified', at: now.toISOString(), message: null, times: 0 }
    const after = untilNext(interval, expiry, now)
    return { ...state, accepted: true, lastCheck, refusals: 0, after }
  }
  if (tried === 'untried') {
    const since = seen.verifiedAt ? (now.getTime() - seen.verifiedAt.getTime()) / 1000 : 0
    const left = intervalOf(element) > since ? interval - since : interval
    return { ...state, accepted: false, refusals, after: untilNext(left, expiry, now) }
  }
  if (tried.code === 'probes-busy') {
    return { ...seenState(seen), accepted: false, refusals, after: spread(busyPause, 0.5) }
  }
  const verdict = verdictOf(tried)
  const before = seen.lastCheck && seen.lastCheck.verdict !== 'verified' ? seen.lastCheck.times : 0
  const lastCheck = {
    verdict,
    at: now.toISOString(),
    message: tried.details.message,
    times: before + 1,
  }
  if (!isRefusal(verdict)) {
    const pause = Math.min(firstSetbackPause * 2 ** Math.min(before, 20), interval)
    const asked = Math.min(tried.details.retryAfter ?? 0, day)
    const after = Math.max(spread(pause), asked)
    return { ...state, accepted: false, lastCheck, refusals, after }
  }
  if (refusals + 1 >= refusalsToFail) {
    const stateReason = failureOf(seen.id, element, tried)
    const failed = { state: 'failed', stateReason } as const
    return { ...failed, accepted: false, lastCheck, refusals: refusals + 1, after: null }
  }
  const after = spread(refusalPauses[refusals]!)
  return { ...state, accepted: false, lastCheck, refusals: refusals + 1, after }
}

/** What an instance is as long as nothing is the matter. */
export type Healthy = Pick<InstanceRecord, 'state' | 'stateReason'>

const verified: Healthy = { state: 'verified', stateReason: null }

function stateOf({ reason }: Expiry, healthy: Healthy) {
  return reason === null ? healthy : ({ state: 'expiring', stateReason: reason } as const)
}

function seenState({ state, stateReason }: Pick<InstanceRecord, 'state' | 'stateReason'>) {
  return { state, stateReason }
}

/** What a refusal says of the vendor; `unexpected` where it is not the vendor who refuses. */
export function verdictOf({ code }: Refusal): string {
  if (code === 'reconnect-required') return 'rejected'
  return Object.entries(codeOfVerdict).find(([, known]) => known === code)?.[0] ?? 'unexpected'
}

function isRefusal(verdict: string): boolean {
  return verdict === 'rejected' || verdict === 'insufficient'
}

function failureOf(id: number, { name }: Element, { details }: Refusal): string {
  return `${name} has refused the credentials ${refusalsToFail} times in a row. ${details.message} It is not tried again, so that no account gets locked: send good credentials with PATCH /instances/${id}, or POST /instances/${id}/verify once they are good again.`
}

/** As soon as something is worth a word, if that is sooner. */
function untilNext(seconds: number, { next }: Expiry, now: Date): number {
  const spreadOut = spread(seconds)
  if (!next) return spreadOut
  return Math.min(spreadOut, Math.max(60, (next.getTime() - now.getTime()) / 1000))
}

function spread(seconds: number, share = jitter): number {
  return seconds * (1 - share + Math.random() * 2 * share)
}
