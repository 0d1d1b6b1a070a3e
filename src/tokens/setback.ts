import type { OAuth2 } from '../authentication/oauth2.ts'
import { LoginRefused } from '../authentication/send.ts'
import { tokenLogin } from '../authentication/token-login.ts'
import { EgressFailure, type FailureKind } from '../egress/failure.ts'
import { RenderError } from '../exchange/template.ts'
import { Refusal } from '../http/errors.ts'
import type { StoredConnection } from '../instances/connection.ts'
import { type Judgement, judge, judgeFailure } from '../probe/judge.ts'
import { secretsOf } from '../probe/masking.ts'
import { codeOfVerdict } from '../probe/prove.ts'
import { createScrub } from '../probe/scrub.ts'
import type { Setback } from './outcome-store.ts'

/** A refresh that yielded no tokens: what is noted of it, and what a caller is told. */
export interface FailedRefresh extends Setback {
  refusal: Refusal
}

/** Ends of a request that the vendor has not seen. */
const unsent: readonly FailureKind[] = [
  'forbidden',
  'unsendable',
  'name',
  'refused',
  'unreachable',
  'proxy',
  'tls',
]

/** RFC 6749, section 5.2: errors that are about the client, whatever it asks for. */
const clientErrors = ['invalid_client', 'unauthorized_client']

const soon = { first: 1, longest: 600 }
const seldom = { first: 60, longest: 3600 }
const maxProviderMessage = 1000

/**
 * What it means that no session came of a token request.
 * @throws {unknown} for an error that is no matter of the vendor's
 */
export function explainFailure(
  connection: StoredConnection,
  way: OAuth2,
  error: unknown,
  interrupted: boolean,
): FailedRefresh {
  if (error instanceof LoginRefused) return explainAnswer(connection, way, error, interrupted)
  if (error instanceof EgressFailure) {
    const judgement = judgeFailure(tokenLogin(way).step, error)
    return describe(judgement, { answered: unsent.includes(error.kind) })
  }
  const refusal = error instanceof RenderError ? unusable(error) : error
  if (!(refusal instanceof Refusal)) throw error
  const pause = { ...seldom, least: 0 }
  return { problem: refusal.code, answered: true, pause, refusal }
}

function unusable({ key, message }: RenderError): Refusal {
  return new Refusal('configuration-invalid', {
    message: `The tokens could not be refreshed: "${key}" ${message}. Change the instance.`,
    invalid: [{ key, reason: message }],
  })
}

function explainAnswer(
  connection: StoredConnection,
  way: OAuth2,
  { step, answer }: LoginRefused,
  interrupted: boolean,
): FailedRefresh {
  const { element, record } = connection
  const judged = judge(element, step, answer)
  const words = judged.providerMessage
  const told = tokenLogin(way).secretsIn(answer)
  const judgement = { ...judged, providerMessage: words && scrub(connection, words, told) }
  if (judgement.verdict !== 'rejected') return describe(judgement, { answered: true })
  const said = answer.document.json('/error')
  const ofClient =
    answer.status === 401 ? said !== 'invalid_grant' : clientErrors.some((one) => one === said)
  if (ofClient) {
    const where =
      record.oauthAppId === null ? 'of the instance' : `of the app profile ${record.oauthAppId}`
    const reason = `${element.name} no longer accepts the OAuth client when its tokens are refreshed. Check the client id and secret ${where}; it is tried again from time to time.`
    return describe({ ...judgement, message: reason }, { answered: true, reason })
  }
  return mustReconnect(reasonOf(element.name, way, interrupted), judgement)
}

function reasonOf(name: string, { grant }: OAuth2, interrupted: boolean): string {
  if (grant !== 'refreshToken') {
    return `${name} no longer accepts the credentials that its tokens are obtained with. Send them anew; id and token of the instance stay.`
  }
  if (interrupted) {
    return `A refresh of the tokens was interrupted, and ${name} no longer accepts the old refresh token: it has replaced it, and the new one was lost on the way. Connect the instance anew; its id and token stay.`
  }
  return `${name} no longer accepts the refresh token: the consent was withdrawn there, or has run out. Connect the instance anew; its id and token stay.`
}

/** Nothing but a person's deed helps. */
export function mustReconnect(reason: string, judgement?: Judgement): FailedRefresh {
  const refusal = new Refusal('reconnect-required', {
    message: reason,
    providerMessage: judgement?.providerMessage,
  })
  const pause = { ...seldom, least: 0 }
  return { problem: 'reconnect-required', answered: true, pause, reason, refusal }
}

function describe(
  { verdict, message, providerMessage, retryAfter }: Judgement,
  { answered, reason }: Pick<Setback, 'answered' | 'reason'>,
): FailedRefresh {
  // A good answer whose tokens cannot be sent on, and an address that was right before.
  const isOdd = verdict === 'verified' || verdict === 'misdirected'
  const problem = isOdd ? 'vendor-unexpected' : codeOfVerdict[verdict]
  const pause = { ...(reason === undefined ? soon : seldom), least: retryAfter ?? 0 }
  const refusal = new Refusal(problem, {
    message: `The tokens could not be refreshed. ${message}`,
    providerMessage,
    retryAfter,
  })
  return { problem, answered, pause, reason, refusal }
}

function scrub({ credentials }: StoredConnection, text: string, told: readonly string[]) {
  return createScrub([...secretsOf(credentials), ...told])(text, maxProviderMessage)
}

/** For who comes while the next try has to wait. */
export function refuseFor(
  { element, record }: Pick<StoredConnection, 'element' | 'record'>,
  problem: Setback['problem'],
  retryIn: number,
): Refusal {
  if (problem === 'reconnect-required') {
    return new Refusal(problem, record.stateReason ?? `Connect the instance anew.`)
  }
  return new Refusal(problem, {
    message:
      record.state === 'failed' && record.stateReason !== null
        ? record.stateReason
        : `The tokens for ${element.name} have ended, and the last try to refresh them failed. Try again later.`,
    retryAfter: Math.max(1, Math.ceil(retryIn)),
  })
}
