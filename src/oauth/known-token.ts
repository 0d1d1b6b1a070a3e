import { isCodeFlow, needsConsent } from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { type Authorization, type AuthorizationAsked, requireFit } from './authorize.ts'
import { findByItsState } from './find-pending.ts'
import { openPending } from './pending.ts'
import { prepareConsent } from './prepare.ts'
import { stateInvalid } from './refused.ts'
import { tokenPageOf } from './request-token.ts'

/**
 * The page of a request token that the caller was given before.
 * @throws {Refusal} `oauth-state-invalid` for a token that the caller has not, or no longer
 */
export async function pageOfToken(
  context: Pick<Context, 'db' | 'vault' | 'config'>,
  asked: AuthorizationAsked,
  requestToken: string,
): Promise<Authorization> {
  const { principal, known, authentication } = asked
  const { element } = known
  if (!needsConsent(authentication) || isCodeFlow(authentication)) {
    throw new Refusal(
      'oauth-flow-different',
      `${element.name} knows no request tokens: leave requestToken out, and read the address with GET /elements/${element.key}/oauth/url alone.`,
    )
  }
  const { configuration: stated, instanceId } = asked
  const sought = { principal, element, authentication, configuration: stated, instanceId }
  const pending = await findByItsState(context, sought, requestToken)
  if (!pending) throw stateInvalid(element)
  const kept = await openPending(context, pending)
  const configuration = { ...kept.given, ...stated }
  const { callbackUrl } = pending
  const again = { ...asked, configuration, callbackUrl }
  const { values } = await prepareConsent(context, again, authentication)
  const url = tokenPageOf(element, authentication, values, requestToken)
  requireFit(context, element, url)
  const { expiresAt } = pending
  return { url: url.href, state: requestToken, expiresAt, requestToken: kept.requestToken }
}
