import { openSession } from '../authentication/login.ts'
import { sendPlain, sendSigned } from '../authentication/send.ts'
import { isSecretOfSession } from '../authentication/session.ts'
import type { Session } from '../authentication/sessions.ts'
import type { Egress, EgressAnswer } from '../egress/client.ts'
import { EgressFailure } from '../egress/failure.ts'
import type { Element } from '../elements/element.ts'
import { baseUrlOf } from '../exchange/address.ts'
import type { Answer } from '../exchange/condition.ts'
import { readAnswer } from '../exchange/document.ts'
import { extractAll } from '../exchange/extract.ts'
import type { Values } from '../exchange/request.ts'
import { RenderError } from '../exchange/template.ts'
import { type Exchange, showRequest, showResponse } from './exchange.ts'
import { type Judgement, judge, judgeFailure } from './judge.ts'
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
  options: { deadlineMs?: number; first?: Prepared | undefined } = {},
): Promise<ProbeResult> {
  const { element, authentication } = credentials
  const deadline = performance.now() + (options.deadlineMs ?? probeDeadlineMs)
  let { first } = options
  let known = credentials
  let session: Session | undefined
  let taken: Taken | undefined
  for (const step of stepsFor(element, authentication)) {
    const prepared: Prepared | RenderError = first ?? (await prepareStep(step, known))
    first = undefined
    if (prepared instanceof RenderError) {
      // What was given was tried before anything was sent: it is what the vendor told.
      if (!taken) throw prepared
      taken.judgement = unusable(element, prepared)
      break
    }
    taken = await take(egress, step, known, deadline, prepared)
    if (taken.judgement.verdict === 'verified') {
      const learnt = learn(taken)
      known = learnt.credentials
      session ??= learnt.session
    }
    if (taken.judgement.verdict !== 'verified') break
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
  const connection = { authentication, place: element, values, certificateFor }
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

/** The credentials with what a good answer tells; where something is not in it, it is none. */
function learn(taken: Taken): { credentials: Credentials; session?: Session | undefined } {
  const { credentials, answer } = taken
  const { element, values } = credentials
  const { step, login } = taken.step
  if (!login && !step.extract) return { credentials }
  const { found, lost } = extractAll(step, answer!, values)
  const session = login && openSession(login, answer!, values)
  const learnt = new Map([...values, ...found, ...(session?.values ?? [])])
  const fault = findFault(element, learnt, found)
  if (lost.length > 0) {
    taken.judgement = {
      verdict: 'unexpected',
      message: `${element.name} accepted the request, but its answer lacks what is needed to go on (${lost.join(', ')}). See the details of the answer.`,
    }
  } else if (login && !session) {
    taken.judgement = {
      verdict: 'unexpected',
      message: `${element.name} accepted the request, but answers something that no other request can carry, such as a line break. See the details of the answer.`,
    }
  } else if (fault) {
    taken.judgement = { verdict: 'misdirected', message: fault }
  }
  const secretKeys = new Set([
    ...credentials.secretKeys,
    ...[...learnt.keys()].filter(isSecretOfSession),
  ])
  return { credentials: { ...credentials, values: learnt, secretKeys }, session }
}

/** What a vendor tells must not lead anywhere that the definition does not allow. */
function findFault(element: Element, values: Values, told: Values): string | undefined {
  for (const entry of element.entries.filter(({ key }) => told.has(key))) {
    try {
      if (entry.type === 'url') baseUrlOf({ baseUrl: `{${entry.key}}`, entries: [entry] }, values)
    } catch (error) {
      if (!(error instanceof RenderError)) throw error
      return `${element.name} names an address as "${entry.name}" that cannot be used: it ${error.message}.`
    }
  }
  return undefined
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
      const masked = showableRequest(step, credentials, maskSecrets(credentials))
      const rest =
        sent instanceof EgressFailure
          ? { response: null, failure: { kind: sent.kind, message: sent.message } }
          : { response: showResponse(sent, answer!.document.text, scrub), failure: null }
      return { verdict: judgement.verdict, durationMs, request: showRequest(masked), ...rest }
    },
  }
}
