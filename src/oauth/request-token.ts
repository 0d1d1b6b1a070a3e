import { authorizeUrlOf1, type ConsentedOAuth1 } from '../authentication/oauth1-dance.ts'
import type { Element } from '../definition/element.ts'
import type { Values } from '../exchange/request.ts'
import { admitted, type ProvingNeeds, requireVerified } from '../probe/prove.ts'
import type { Credentials } from '../probe/request.ts'
import { askForRequestToken, type RequestToken } from '../probe/request-token.ts'

/**
 * Asks the vendor for a request token (RFC 5849, section 2.1). The state, where there is one, comes
 * back with the callback: OAuth 1 knows none.
 * @throws {Refusal} for every verdict but `verified`, with the exchange
 */
export async function fetchRequestToken(
  context: ProvingNeeds,
  organizationId: number,
  credentials: Credentials & { authentication: ConsentedOAuth1 },
  { callbackUrl, state }: { callbackUrl: string; state: string | undefined },
): Promise<RequestToken> {
  const mark = callbackUrl.includes('?') ? '&' : '?'
  const callback =
    state === undefined ? callbackUrl : `${callbackUrl}${mark}state=${encodeURIComponent(state)}`
  const { probeDeadlineMs: deadlineMs } = context
  const result = await admitted(context, organizationId, (egress) =>
    askForRequestToken(egress, credentials, callback, { deadlineMs }),
  )
  return requireVerified(result).requestToken!
}

/** The page where somebody consents to it (section 2.2). */
export function tokenPageOf(
  element: Element,
  authentication: ConsentedOAuth1,
  values: Values,
  requestToken: string,
): URL {
  return new URL(authorizeUrlOf1(authentication, element, values, requestToken))
}
