import type { ClientCertificate, Egress, EgressAnswer } from '../egress/client.ts'
import { type Answer, holds } from '../exchange/condition.ts'
import { readAnswer } from '../exchange/document.ts'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { renderStep, type Step, type StepPlace } from '../exchange/step.ts'
import { type Authentication, typeOf } from './authentication.ts'
import { type Login, openSession } from './login.ts'
import type { Session } from './sessions.ts'

/** How to reach a vendor as someone whom it knows. */
export interface Connection {
  authentication: Authentication
  place: StepPlace
  values: Values
  certificateFor?: CertificateSource | undefined
}

/**
 * The certificate to present to an origin.
 * @throws {Refusal} `secrets-required` where it was not given for that
 */
export type CertificateSource = (origin: string) => Promise<ClientCertificate>

export interface SendLimits {
  /** By `performance.now()`, for everything together. */
  deadline: number
  /** Whether it does no harm if the vendor gets the request twice. */
  repeatable?: boolean
}

/** A login that the vendor did not answer as a good one is answered. */
export class LoginRefused extends Error {
  readonly step: Step
  readonly answer: Answer

  constructor(step: Step, answer: Answer) {
    super('the login was refused')
    this.step = step
    this.answer = answer
  }
}

const maxSignings = 2

/**
 * Signs a request and sends it, again where the answer is a challenge.
 * @throws {EgressFailure} where no answer comes
 */
export async function sendSigned(
  egress: Pick<Egress, 'send'>,
  connection: Connection,
  request: VendorRequest,
  limits: SendLimits,
  signed?: VendorRequest,
): Promise<EgressAnswer> {
  const { authentication, values } = connection
  const type = typeOf(authentication)
  let sent = signed ?? (await type.sign(request, authentication, values))
  let answer = await sendPlain(egress, connection, sent, limits)
  for (let again = 0; type.signAgain && again < maxSignings; again += 1) {
    const next = await type.signAgain(request, authentication, values, answer, sent)
    if (!next) break
    sent = next
    answer = await sendPlain(egress, connection, sent, limits)
  }
  return answer
}

/** Sends a request as it is, with the connection's certificate. */
export async function sendPlain(
  egress: Pick<Egress, 'send'>,
  { certificateFor }: Pick<Connection, 'certificateFor'>,
  request: VendorRequest,
  { deadline, repeatable }: SendLimits,
): Promise<EgressAnswer> {
  const url = new URL(request.url)
  const clientCertificate = await certificateFor?.(url.origin)
  return egress.send({
    ...request,
    url,
    deadlineMs: Math.max(1, Math.ceil(deadline - performance.now())),
    ...(repeatable !== undefined && { repeatable }),
    ...(clientCertificate && { clientCertificate }),
  })
}

/**
 * Asks the vendor for a session.
 * @throws {EgressFailure} where no answer comes
 * @throws {LoginRefused} where the login is not accepted
 */
export async function logIn(
  egress: Pick<Egress, 'send'>,
  connection: Pick<Connection, 'place' | 'values' | 'certificateFor'>,
  login: Login,
  limits: SendLimits,
): Promise<Session> {
  const { step, repeatable } = login
  const { place, values } = connection
  const request = await login.sign(renderStep(step, place, values), values)
  const answer = readAnswer(await sendPlain(egress, connection, request, { ...limits, repeatable }))
  const rule = step.rules.find(({ when }) => holds(when, answer))
  const session = rule?.verdict === 'verified' ? openSession(login, answer, values) : undefined
  if (!session) throw new LoginRefused(step, answer)
  return session
}
