import type { Values, VendorRequest } from '../authentication/request.ts'
import type { Egress, EgressAnswer } from '../egress/client.ts'
import { EgressFailure, type FailureKind } from '../egress/failure.ts'
import { secretMask } from '../elements/configuration.ts'
import type { Probe } from '../elements/element.ts'
import { AnswerDocument } from './document.ts'
import { type Exchange, showRequest, showResponse } from './exchange.ts'
import { type Judgement, judge, type Verdict } from './judge.ts'
import { buildRequest, type Credentials } from './request.ts'
import { createScrub, type Scrub } from './scrub.ts'

export const probeDeadlineMs = 10_000
const maxProviderMessage = 1000
const maxLocation = 1000

export interface ProbeResult extends Omit<Judgement, 'verdict'> {
  verdict: Verdict | 'forbidden'
  /** Made only when it is asked for: most probes succeed and nobody looks. */
  exchange(): Exchange
}

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

/**
 * Tries credentials live at the vendor, once, within ten seconds; whatever happens is a verdict.
 * `request` is what `buildRequest` makes, where that was done before.
 */
export async function probeVendor(
  egress: Egress,
  probe: Probe,
  credentials: Credentials,
  options: { deadlineMs?: number; request?: VendorRequest | undefined } = {},
): Promise<ProbeResult> {
  const { deadlineMs = probeDeadlineMs } = options
  const request = options.request ?? buildRequest(probe, credentials, credentials.values)
  const started = performance.now()
  const sent = await send(egress, request, deadlineMs)
  const durationMs = Math.round(performance.now() - started)
  // Made when something is shown: most probes succeed.
  let made: Scrub | undefined
  const scrub: Scrub = (text, limit) => {
    made ??= createScrub(secretsOf(credentials))
    return made(text, limit)
  }
  const show = (
    verdict: Verdict | 'forbidden',
    rest: Pick<Exchange, 'response' | 'failure'>,
  ): Exchange => {
    const masked = buildRequest(probe, credentials, maskSecrets(credentials))
    return { verdict, durationMs, request: showRequest(masked), ...rest }
  }
  if (sent instanceof EgressFailure) {
    const verdict = verdictOfFailure[sent.kind]
    const failure = { kind: sent.kind, message: sent.message }
    return {
      verdict,
      message: sent.message,
      exchange: () => show(verdict, { response: null, failure }),
    }
  }
  const document = new AnswerDocument(sent.body, String(sent.headers['content-type'] ?? ''))
  // A judgement may say where an answer redirects to.
  const { location, ...headers } = sent.headers
  const elsewhere = typeof location === 'string' ? scrub(location, maxLocation) : undefined
  const judgement = judge(credentials.element, {
    status: sent.status,
    headers: elsewhere === undefined ? headers : { ...headers, location: elsewhere },
    document,
  })
  return {
    ...judgement,
    providerMessage:
      judgement.providerMessage && scrub(judgement.providerMessage, maxProviderMessage),
    exchange: () =>
      show(judgement.verdict, {
        response: showResponse(sent, document.text, scrub),
        failure: null,
      }),
  }
}

async function send(
  egress: Egress,
  request: VendorRequest,
  deadlineMs: number,
): Promise<EgressAnswer | EgressFailure> {
  try {
    // A probe only reads, whatever its method.
    return await egress.send({
      ...request,
      url: new URL(request.url),
      deadlineMs,
      repeatable: true,
    })
  } catch (error) {
    if (error instanceof EgressFailure) return error
    throw error
  }
}

function maskSecrets({ values, secretKeys }: Credentials): Values {
  return new Map([...values].map(([key, value]) => [key, secretKeys.has(key) ? secretMask : value]))
}

function secretsOf({ values, secretKeys }: Credentials): string[] {
  return [...secretKeys].flatMap((key) => values.get(key) ?? [])
}
