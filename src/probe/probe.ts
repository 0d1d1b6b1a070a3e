import { sendPlain, sendSigned } from '../authentication/send.ts'
import type { Session } from '../authentication/sessions.ts'
import type { Element } from '../definition/element.ts'
import { viewOf } from '../definition/view.ts'
import type { Egress, EgressAnswer } from '../egress/client.ts'
import { EgressFailure } from '../egress/failure.ts'
import type { Answer } from '../exchange/condition.ts'
import { readAnswer } from '../exchange/document.ts'
import { RenderError } from '../exchange/template.ts'
import { type Exchange, showRequest, showResponse } from './exchange.ts'
import { type Judgement, judge, judgeFailure } from './judge.ts'
import { learn } from './learn.ts'
import { lazyScrub, maskSecrets } from './masking.ts'
import {
  buildRequest,
  type Credentials,
  type Prepared,
  type ProbeStep,
  showableRequest,
  stepsFor,
} from './request.ts'
import type { Scrub } from './scrub.ts'

export const probeDeadlineMs = 10_000
const maxProviderMessage = 1000
const maxLocation = 1000

export interface ProbeResult extends Judgement {
  /** What the vendor told that belongs into the configuration. */
  discovered: (readonly [key: string, value: string])[]
  /** What the login yielded, where there is one. */
  session: Session | undefined
  /** Made only when it is asked for: most probes succeed and nobody looks. */
  exchange(): Exchange
}

/** One step that was taken. */
interface Taken {
  step: ProbeStep
  credentials: Credentials
  durationMs: number
  judgement: Judgement
  sent: EgressAnswer | EgressFailure
  answer?: Answer
  scrub: Scrub
}

/**
 * Tries credentials live at the vendor, step by step, within ten seconds; whatever happens is a
 * verdict. `first` is the first step's request, where that was prepared before.
 */
export async function probeVendor(
  egress: Pick<Egress, 'send'>,
  credentials: Credentials,
  options: {
    deadlineMs?: number
    first?: Prepared | undefined
    /** Instead of those that the element proves credentials with. */
    steps?: ProbeStep[]
  } = {},
): Promise<ProbeResult> {
  const { element, authentication } = credentials
  const deadline = performance.now() + (options.deadlineMs ?? probeDeadlineMs)
  let { first } = options
  let known = credentials
  let session: Session | undefined
  let taken: Taken | undefined
  for (const step of options.steps ?? stepsFor(element, authentication)) {
    const prepared: Prepared | RenderError = first ?? (await prepareStep(step, known))
    first = undefined
    if (prepared instanceof RenderError) {
      // What was given was tried before anything was sent: it is what the vendor told.
      if (!taken) throw prepared
      taken.judgement = unusable(element, prepared)
      break
    }
    taken = await take(egress, step, known, deadline, prepared)
    if (taken.judgement.verdict !== 'verified') break
    const learnt = learn(known, step, taken.answer!)
    known = learnt.credentials
    session ??= learnt.session
    if (learnt.objection) {
      taken.judgement = learnt.objection
      break
    }
  }
  if (!taken) throw new Error(`${element.key} has nothing to prove credentials with`)
  return describe(taken, known, session)
}

async function prepareStep(step: ProbeStep, credentials: Credentials) {
  try {
    return await buildRequest(step, credentials, credentials.values)
  } catch (error) {
    if (error instanceof RenderError) return error
    throw error
  }
}

function unusable({ name }: Element, { key, message }: RenderError): Judgement {
  return {
    verdict: 'unexpected',
    message: `${name} accepted the request, but what it answers as "${key}" cannot be used: it ${message}. See the details of the answer.`,
  }
}

async function take(
  egress: Pick<Egress, 'send'>,
  probeStep: ProbeStep,
  credentials: Credentials,
  deadline: number,
  { request, signed }: Prepared,
): Promise<Taken> {
  const { element, authentication, values, certificateFor } = credentials
  const { step, login } = probeStep
  const started = performance.now()
  const taken = (rest: Pick<Taken, 'sent' | 'answer' | 'judgement' | 'scrub'>): Taken => ({
    step: probeStep,
    credentials,
    durationMs: Math.round(performance.now() - started),
    ...rest,
  })
  const place = viewOf(element, authentication)
  const connection = { authentication, place, values, certificateFor }
  // A probe only reads, whatever its method.
  const limits = { deadline, repeatable: login?.repeatable ?? true }
  try {
    const sent =
      login || step.authenticate === false
        ? await sendPlain(egress, connection, signed, limits)
        : await sendSigned(egress, connection, request, limits, signed)
    const answer = readAnswer(sent)
    const scrub = lazyScrub(probeStep, credentials, signed, answer)
    // A judgement may say where an answer redirects to.
    const { location, ...headers } = answer.headers
    const elsewhere = typeof location === 'string' ? scrub(location, maxLocation) : undefined
    const judged = elsewhere === undefined ? headers : { ...headers, location: elsewhere }
    return taken({
      sent,
      answer,
      scrub,
      judgement: judge(element, step, { ...answer, headers: judged }),
    })
  } catch (error) {
    if (!(error instanceof EgressFailure)) throw error
    const scrub = lazyScrub(probeStep, credentials, signed)
    return taken({ sent: error, scrub, judgement: judgeFailure(step, error) })
  }
}

function describe(taken: Taken, known: Credentials, session: Session | undefined): ProbeResult {
  const { step, durationMs, sent, answer, judgement, credentials, scrub } = taken
  const { providerMessage } = judgement
  return {
    ...judgement,
    providerMessage: providerMessage && scrub(providerMessage, maxProviderMessage),
    discovered: known.element.entries.flatMap(({ key, discovered }) => {
      const value = discovered ? known.values.get(key) : undefined
      return value === undefined ? [] : [[key, value] as const]
    }),
    session,
    exchange() {
      const request = showRequest(showableRequest(step, credentials, maskSecrets(credentials)))
      const rest =
        sent instanceof EgressFailure
          ? { response: null, failure: { kind: sent.kind, message: sent.message } }
          : { response: showResponse(sent, answer!.document.text, scrub), failure: null }
      return { verdict: judgement.verdict, durationMs, request, ...rest }
    },
  }
}
