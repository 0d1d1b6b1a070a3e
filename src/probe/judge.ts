import type { Element } from '../definition/element.ts'
import type { EgressFailure, FailureKind } from '../egress/failure.ts'
import { type Answer, holds, holdsFor } from '../exchange/condition.ts'
import type { Step, verdicts } from '../exchange/step.ts'

/** What a probe concludes; where an element has none, its instances are `unverified`. */
export type Verdict = (typeof verdicts)[number]

export interface Judgement {
  verdict: Verdict | 'forbidden'
  /** For people: what is wrong and what to do. */
  message: string
  /** The vendor's own words, not scrubbed yet. */
  providerMessage?: string | undefined
  /** Seconds that the vendor asks us to wait. */
  retryAfter?: number | undefined
}

const defaultRetryAfter = 30
const maxRetryAfter = 86_400

const verdictOfFailure: Record<FailureKind, Verdict | 'forbidden'> = {
  forbidden: 'forbidden',
  unsendable: 'misdirected',
  name: 'unreachable',
  refused: 'unreachable',
  unreachable: 'unreachable',
  proxy: 'unreachable',
  tls: 'unreachable',
  reset: 'unreachable',
  late: 'late',
  'too-large': 'unexpected',
  malformed: 'unexpected',
  redirect: 'misdirected',
  aborted: 'unreachable',
}

type Asked = Pick<Element, 'name' | 'retryAfter'>

/** Decides what an answer means: the step's rules in order, then the general ones for HTTP. */
export function judge(element: Asked, step: Step, answer: Answer, now = Date.now()): Judgement {
  const rule = step.rules.find(({ when }) => holds(when, answer))
  const verdict = rule?.verdict ?? judgeStatus(answer.status)
  const judgement: Judgement = {
    verdict,
    message: rule?.message ?? sentence(verdict, element.name, answer),
    providerMessage: verdict === 'verified' ? undefined : findProviderMessage(step, answer),
  }
  if (verdict === 'throttled') judgement.retryAfter = readRetryAfter(element, answer.headers, now)
  return judgement
}

/** Decides what it means that no answer came. */
export function judgeFailure(step: Step, { kind, message }: EgressFailure): Judgement {
  const rule = step.rules.find(({ when }) => holdsFor(when, kind))
  // What we ourselves forbid is no matter of the vendor's.
  if (!rule || kind === 'forbidden') return { verdict: verdictOfFailure[kind], message }
  return { verdict: rule.verdict, message: rule.message ?? message }
}

function judgeStatus(status: number): Verdict {
  if (status === 401) return 'rejected'
  if (status === 403) return 'insufficient'
  if (status === 429) return 'throttled'
  if ((status >= 300 && status < 400) || [404, 405, 410].includes(status)) return 'misdirected'
  return 'unexpected'
}

function sentence(verdict: Verdict, name: string, answer: Answer): string {
  const { status, headers } = answer
  if (verdict === 'verified') return `${name} knows these credentials.`
  if (verdict === 'rejected')
    return `${name} does not accept these credentials. Check them and try again.`
  if (verdict === 'insufficient') {
    return `${name} knows these credentials, but grants them too few rights. Give them the rights that this element needs.`
  }
  if (verdict === 'throttled') return `${name} takes no more requests right now. Try again later.`
  if (verdict === 'misdirected') {
    const elsewhere = redirectTarget(headers.location)
    return elsewhere
      ? `The address redirects to ${elsewhere}, where credentials are not sent. If that is ${name}, enter that address instead.`
      : `The address answers, but not as ${name} does (status ${status}). Check the address.`
  }
  return `${name} answered with status ${status}, which says nothing about the credentials. Try again later; see the details of the answer.`
}

function redirectTarget(location: string | string[] | undefined): string | undefined {
  const url = typeof location === 'string' ? URL.parse(location) : null
  return url && /^https?:$/.test(url.protocol) ? url.origin : undefined
}

function findProviderMessage(step: Step, { document }: Answer): string | undefined {
  for (const place of step.providerMessage ?? []) {
    const found = wordsAt(place, document)
    if (typeof found === 'string' && found !== '') return found
  }
  return undefined
}

function wordsAt(place: string, document: Answer['document']): unknown {
  if (place.startsWith('?')) return document.form.get(place.slice(1))
  return place.startsWith('/') ? document.json(place) : document.xml(place)
}

/** In whole seconds, from one to a day. */
function readRetryAfter(element: Asked, headers: Answer['headers'], now: number): number {
  return findRetryAfter(element, headers, now) ?? defaultRetryAfter
}

/** When the vendor wants to be asked again, if it says so: in whole seconds, from one to a day. */
export function findRetryAfter(
  { retryAfter: own }: Pick<Element, 'retryAfter'>,
  headers: Answer['headers'],
  now = Date.now(),
): number | undefined {
  const standard = secondsIn(String(headers['retry-after'] ?? ''), 'seconds', now)
  const named = own && secondsIn(String(headers[own.header.toLowerCase()] ?? ''), own.unit, now)
  const seconds = named ?? standard
  if (seconds === undefined) return undefined
  return Math.min(maxRetryAfter, Math.max(1, Math.ceil(seconds)))
}

/** A number, or a date of HTTP (RFC 9110, section 10.2.3). */
function secondsIn(
  text: string,
  unit: NonNullable<Element['retryAfter']>['unit'],
  now: number,
): number | undefined {
  if (/^[A-Z][a-z]+, .* GMT$/.test(text)) {
    const at = Date.parse(text)
    return Number.isNaN(at) ? undefined : (at - now) / 1000
  }
  if (!/^\d+(\.\d+)?$/.test(text)) return undefined
  const count = Number(text)
  if (unit === 'seconds') return count
  if (unit === 'milliseconds') return count / 1000
  return unit === 'unix' ? count - now / 1000 : (count - now) / 1000
}
