import { hasEnded, type SendLimits, sendInSession, sendSigned } from '../authentication/send.ts'
import type { Context } from '../context.ts'
import { viewOf } from '../definition/view.ts'
import type { EgressAnswer } from '../egress/client.ts'
import { readAnswer } from '../exchange/document.ts'
import type { VendorRequest } from '../exchange/request.ts'
import type { StoredConnection } from '../instances/connection.ts'
import { accessFor, type Needs, nameOf } from './renew.ts'
import type { TokensKey } from './store.ts'

/**
 * Sends a request as a stored instance. Where the vendor says that the token or session has ended,
 * it is renewed and the request sent once more, if that does no harm.
 * @throws {Refusal} where there are no tokens to be had
 * @throws {EgressFailure} where no answer comes
 * @throws {LoginRefused} where a session has to be opened and the login is not accepted
 */
export async function send(
  context: Needs & Pick<Context, 'sessions'>,
  key: TokensKey,
  request: VendorRequest,
  limits: SendLimits,
): Promise<EgressAnswer> {
  const connection = await accessFor(context, key, undefined, limits.deadline)
  const { credentials, element, record, tokens } = connection
  if (!tokens) {
    // What it was opened with may change, and be refused from then on.
    const name = `${nameOf(key)}/${record.revision}`
    const place = viewOf(element, credentials.authentication)
    return sendInSession(context, name, { ...credentials, place }, request, limits)
  }
  const answer = await sendWith(context, connection, request, limits)
  const { authentication } = credentials
  const hasEndedBy = (one: EgressAnswer) => hasEnded(authentication, readAnswer(one))
  const name = nameOf(key)
  if (!hasEndedBy(answer) || context.renewals.isFutile(name)) return answer
  const renewed = await accessFor(context, key, tokens.version, limits.deadline)
  const isNew = renewed.tokens?.version !== tokens.version
  if (!isNew || limits.repeatable === false) return answer
  const second = await sendWith(context, renewed, request, limits)
  if (hasEndedBy(second)) context.renewals.giveUp(name)
  return second
}

function sendWith(
  { egress }: Pick<Context, 'egress'>,
  { credentials, element }: StoredConnection,
  request: VendorRequest,
  limits: SendLimits,
): Promise<EgressAnswer> {
  const place = viewOf(element, credentials.authentication)
  return sendSigned(egress, { ...credentials, place }, request, limits)
}
