import type { Element, When } from '../elements/element.ts'
import type { AnswerDocument } from './document.ts'

/** What a probe concludes; where an element has none, its instances are `unverified`. */
export type Verdict =
  | 'verified'
  | 'rejected'
  | 'insufficient'
  | 'misdirected'
  | 'throttled'
  | 'unreachable'
  | 'late'
  | 'unexpected'

export interface Judgement {
  verdict: Verdict
  /** For people: what is wrong and what to do. */
  message: string
  /** The vendor's own words, not scrubbed yet. */
  providerMessage?: string | undefined
  /** Seconds that the vendor asks us to wait. */
  retryAfter?: number | undefined
}

interface Answer {
  status: number
  headers: Record<string, string | string[]>
  document: AnswerDocument
}

const defaultRetryAfter = 30
const maxRetryAfter = 86_400

/** Decides what an answer means: the element's rules in order, then the general ones for HTTP. */
export function judge(element: Element, answer: Answer, now = Date.now()): Judgement {
  const rule = element.probe?.rules.find(({ when }) => holds(when, answer))
  const verdict = rule?.verdict ?? judgeStatus(answer.status)
  const judgement: Judgement = {
    verdict,
    message: rule?.message ?? sentence(verdict, element.name, answer),
    providerMessage: verdict === 'verified' ? undefined : findProviderMessage(element, answer),
  }
  if (verdict === 'throttled') {
    judgement.retryAfter = readRetryAfter(answer.headers['retry-after'], now)
  }
  return judgement
}

function holds(when: When, { status, document }: Answer): boolean {
  if (when.status !== undefined && ![when.status].flat().includes(status)) return false
  if (when.body && document.kind !== when.body) return false
  if (when.says && !says(document.text, when.says)) return false
  if (when.xml && !matches(document.xml(when.xml.path), when.xml)) return false
  return !when.json || matches(document.json(when.json.pointer), when.json)
}

function matches(found: unknown, condition: { equals?: unknown; says?: string[] }): boolean {
  if (found === undefined) return false
  if ('equals' in condition && found !== condition.equals) return false
  if (!condition.says) return true
  // To make text of an object that a vendor sent can fail in many ways.
  return !(found instanceof Object) && says(String(found), condition.says)
}

/** All parts, one behind the other: what `/one.*two/i` would find, in linear time. */
function says(text: string, parts: string[]): boolean {
  const lower = text.toLowerCase()
  let from = 0
  return parts.every((part) => {
    const at = lower.indexOf(part.toLowerCase(), from)
    from = at + part.length
    return at >= 0
  })
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

function findProviderMessage(element: Element, { document }: Answer): string | undefined {
  for (const place of element.probe?.providerMessage ?? []) {
    const found = place.startsWith('/') ? document.json(place) : document.xml(place)
    if (typeof found === 'string' && found !== '') return found
  }
  return undefined
}

/** Seconds, or a date of HTTP (RFC 9110, section 10.2.3), from one second to a day. */
function readRetryAfter(header: string | string[] | undefined, now: number): number {
  const text = String(header ?? '')
  const at = /^[A-Z][a-z]+, .* GMT$/.test(text) ? Date.parse(text) : Number.NaN
  const seconds = /^\d+$/.test(text) ? Number(text) : (at - now) / 1000
  if (Number.isNaN(seconds)) return defaultRetryAfter
  return Math.min(maxRetryAfter, Math.max(1, Math.ceil(seconds)))
}
