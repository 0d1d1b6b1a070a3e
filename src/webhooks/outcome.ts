import type { EgressAnswer } from '../egress/client.ts'
import type { EgressFailure } from '../egress/failure.ts'
import type { Scrub } from '../probe/scrub.ts'

/** What became of one attempt. */
export interface Outcome {
  delivered: boolean
  /** Null where no answer came. */
  status: number | null
  failure: { kind: string; message: string } | null
  /** The beginning of the answer's body; null where there is none, or it cannot be shown. */
  answer: string | null
  /** Seconds that the receiver asks us to wait. */
  retryAfter?: number | undefined
  /** Why nothing more is to be sent there, for people. */
  gone?: string | undefined
}

/** Of an answer's body, in characters. */
const keptOfAnswer = 1024

/** Only a status of success is one: a redirect leads to who may not have been meant. */
export function judgeAnswer({ status, headers, body }: EgressAnswer, scrub: Scrub): Outcome {
  const text = body.toString('utf8').replaceAll('\0', '\ufffd')
  const answer = scrub(text, keptOfAnswer) ?? null
  if (status >= 200 && status < 300) return { delivered: true, status, failure: null, answer }
  return {
    delivered: false,
    status,
    failure: { kind: 'status', message: explain(status) },
    answer,
    retryAfter: secondsOf(headers['retry-after']),
    // Standard Webhooks 1.0.0: it wants no more.
    ...(status === 410 && { gone: 'The receiver answered 410: it wants no more events.' }),
  }
}

export function judgeFailure({ kind, message }: EgressFailure): Outcome {
  return { delivered: false, status: null, failure: { kind, message }, answer: null }
}

function explain(status: number): string {
  if (status >= 300 && status < 400) {
    return `The receiver redirects (${status}), which is not followed. Give the address that it leads to.`
  }
  return `The receiver answered ${status}. Answer any status from 200 to 299 once the event is taken.`
}

/** As a number of seconds (RFC 9110, section 10.2.3); a date is not read. */
function secondsOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : undefined
}
