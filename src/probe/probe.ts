import { type Authentication, sign } from '../authentication/authentication.ts'
import type { Values, VendorRequest } from '../authentication/request.ts'
import { escapes, render, renderForm, renderJson } from '../authentication/template.ts'
import type { Egress, EgressAnswer } from '../egress/client.ts'
import { EgressFailure, type FailureKind } from '../egress/failure.ts'
import { addressOf } from '../elements/base-url.ts'
import { secretMask } from '../elements/configuration.ts'
import type { Element, Probe } from '../elements/element.ts'
import { AnswerDocument } from './document.ts'
import { type Exchange, showRequest, showResponse } from './exchange.ts'
import { type Judgement, judge, type Verdict } from './judge.ts'
import { createScrub } from './scrub.ts'

export const probeDeadlineMs = 10_000
const maxProviderMessage = 1000
const maxLocation = 1000

/** What is tried: an element with one of its authentications and the values for both. */
export interface Credentials {
  element: Element
  authentication: Authentication
  baseUrl: URL
  values: Values
  secretKeys: ReadonlySet<string>
}

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

/** Tries credentials live at the vendor, once, within ten seconds; whatever happens is a verdict. */
export async function probeVendor(
  egress: Egress,
  probe: Probe,
  credentials: Credentials,
  deadlineMs = probeDeadlineMs,
): Promise<ProbeResult> {
  const started = performance.now()
  const request = buildRequest(probe, credentials, credentials.values)
  const sent = await send(egress, request, deadlineMs)
  const durationMs = Math.round(performance.now() - started)
  const scrub = createScrub(secretsOf(credentials))
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

/** Renders and signs the probe's request; with masked values it is what may be shown. */
function buildRequest(probe: Probe, credentials: Credentials, values: Values): VendorRequest {
  const headers: Record<string, string> = { 'user-agent': 'Latchkey' }
  for (const [name, template] of Object.entries(probe.headers ?? {})) {
    headers[name.toLowerCase()] = render(template, values, escapes.header)
  }
  const { type, body } = renderBody(probe, values)
  if (type) headers['content-type'] ??= type
  const unsigned: VendorRequest = {
    method: probe.method,
    url: addressOf(credentials.baseUrl, probe.path, probe.query, values),
    headers,
    body,
  }
  return sign(unsigned, credentials.authentication, values)
}

function renderBody({ body }: Probe, values: Values): { type?: string; body: string | undefined } {
  if (!body) return { body: undefined }
  if ('xml' in body)
    return { type: 'text/xml; charset=utf-8', body: render(body.xml, values, escapes.xml) }
  if ('form' in body) {
    return { type: 'application/x-www-form-urlencoded', body: renderForm(body.form, values) }
  }
  return { type: 'application/json', body: JSON.stringify(renderJson(body.json, values)) }
}

function maskSecrets({ values, secretKeys }: Credentials): Values {
  return new Map([...values].map(([key, value]) => [key, secretKeys.has(key) ? secretMask : value]))
}

function secretsOf({ values, secretKeys }: Credentials): string[] {
  return [...secretKeys].flatMap((key) => values.get(key) ?? [])
}
