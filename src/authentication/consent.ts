import type { Authentication } from './authentication.ts'
import { type ConsentedOAuth1, needsConsent as isThreeLegged } from './oauth1-dance.ts'
import type { OAuth2 } from './oauth2.ts'

/** An authentication whose token comes from somebody's consent, by a code (RFC 6749, section 4.1). */
export type CodeFlow = OAuth2 &
  Required<Pick<OAuth2, 'authorizeUrl' | 'clientId'>> & { grant: 'authorizationCode' }

/** One whose token comes from somebody's consent. */
export type ConsentFlow = CodeFlow | ConsentedOAuth1

export function isCodeFlow(authentication: Authentication): authentication is CodeFlow {
  return authentication.type === 'oauth2' && authentication.grant === 'authorizationCode'
}

/** Whether somebody has to consent in a browser. */
export function needsConsent(authentication: Authentication): authentication is ConsentFlow {
  return authentication.type === 'oauth1'
    ? isThreeLegged(authentication)
    : isCodeFlow(authentication)
}

/** The entry that holds the caller's own callback. */
export function callbackEntryOf(authentication: Authentication): string | undefined {
  const { callbackUrl } = authentication as { callbackUrl?: string }
  return callbackUrl?.slice(1, -1)
}

/** By which the vendor knows an app, and what proves that it is that one, as templates. */
export function clientOf(authentication: Authentication): { id?: string; secret?: string } {
  if (authentication.type === 'oauth1') {
    return { id: authentication.consumerKey, secret: authentication.consumerSecret }
  }
  if (authentication.type !== 'oauth2') return {}
  const { clientId: id, clientSecret, signingKey, clientAuthentication } = authentication
  const secret = clientAuthentication === 'privateKeyJwt' ? signingKey : clientSecret
  return { ...(id !== undefined && { id }), ...(secret !== undefined && { secret }) }
}

/** Where a consent is exchanged for a token. */
export function tokenUrlOf(authentication: ConsentFlow): string {
  return isCodeFlow(authentication) ? authentication.tokenUrl : authentication.accessTokenUrl
}
