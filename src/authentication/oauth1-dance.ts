import type { Values, VendorRequest } from '../exchange/request.ts'
import { renderStep, type StepPlace } from '../exchange/step.ts'
import { escapes, renderAll } from '../exchange/template.ts'
import { withHeaders } from './header.ts'
import type { Login } from './login.ts'
import { renderNeeded } from './needed.ts'
import type { OAuth1 } from './oauth1.ts'
import { granted, judgedBy, secretsInGrant } from './oauth1-answer.ts'
import { maskOAuth1, type Proof, signOAuth1 } from './oauth1-request.ts'
import { type Parameter, percentEncode } from './oauth1-signature.ts'
import { withQuery } from './query.ts'

/** What a consent yielded, as values. */
export const consentRequestToken = 'consent.requestToken'
export const consentRequestTokenSecret = 'consent.requestTokenSecret'
export const consentOAuthVerifier = 'consent.verifier'

/** An authentication whose token comes from somebody's consent. */
export type ConsentedOAuth1 = OAuth1 &
  Required<Pick<OAuth1, 'requestTokenUrl' | 'authorizeUrl' | 'accessTokenUrl'>>

export function needsConsent(authentication: OAuth1): authentication is ConsentedOAuth1 {
  const { requestTokenUrl, authorizeUrl, accessTokenUrl } = authentication
  return [requestTokenUrl, authorizeUrl, accessTokenUrl].every((url) => url !== undefined)
}

/**
 * The request for a request token (RFC 5849, section 2.1), as a login in whose session the request
 * token and its secret are `session.token` and `session.tokenSecret`. `callback` is where the vendor
 * redirects to, or `oob`.
 */
export function requestTokenLogin(authentication: ConsentedOAuth1, callback: string): Login {
  const { requestTokenUrl: base, tokenMethod: method = 'POST' } = authentication
  const prove = (): Proof => ({ parameters: [['oauth_callback', callback]] })
  const login = loginBy(authentication, prove)
  return {
    ...login,
    step: { method, base, extract: granted, ...judgedBy(authentication, 'requestToken') },
    sign: (request, values) => login.sign(withParameters(request, authentication, values), values),
    mask: (request, values) => login.mask(withParameters(request, authentication, values), values),
  }
}

/** The vendor's page where somebody consents to a request token (section 2.2). */
export function authorizeUrlOf1(
  authentication: ConsentedOAuth1,
  place: StepPlace,
  values: Values,
  requestToken: string,
): string {
  const { authorizeUrl: base, authorizeParameters = {} } = authentication
  const page = renderStep({ method: 'GET', base, rules: [] }, place, values)
  const sent = [['oauth_token', requestToken] as const, ...given(authorizeParameters, values)]
  return withQuery(page, encoded(sent)).url
}

/**
 * The request for a token (section 2.3) as the login of an instance; the values `consent.…` say what
 * somebody consented to.
 */
export function accessTokenLogin(authentication: ConsentedOAuth1): Login {
  const { accessTokenUrl: base, tokenMethod: method = 'POST', extract } = authentication
  const prove = (values: Values): Proof => ({
    token: `{${consentRequestToken}}`,
    tokenSecret: `{${consentRequestTokenSecret}}`,
    parameters: [['oauth_verifier', renderNeeded(`{${consentOAuthVerifier}}`, values)]],
  })
  return {
    ...loginBy(authentication, prove),
    step: {
      method,
      base,
      extract: { ...granted, ...extract },
      ...judgedBy(authentication, 'accessToken'),
    },
  }
}

function loginBy(authentication: OAuth1, prove: (values: Values) => Proof): Omit<Login, 'step'> {
  return {
    carried: {},
    // A request token can be exchanged once.
    repeatable: false,
    sign: (request, values) => signOAuth1(request, authentication, values, prove(values)),
    mask: (request, values) => maskOAuth1(request, authentication, values, prove(values)),
    secondsFrom: (said) => (said === undefined ? undefined : Number(said)),
    secretsIn: secretsInGrant,
  }
}

/** In the query of a GET, else as a form. */
function withParameters(
  request: VendorRequest,
  { parameters = {} }: OAuth1,
  values: Values,
): VendorRequest {
  const sent = given(parameters, values)
  if (sent.length === 0) return request
  if (request.method === 'GET') return withQuery(request, encoded(sent))
  const type = ['content-type', 'application/x-www-form-urlencoded'] as const
  return { ...withHeaders(request, [type]), body: new URLSearchParams(sent).toString() }
}

function given(templates: Record<string, string>, values: Values): [string, string][] {
  return renderAll(templates, values, escapes.text).filter(([, value]) => value !== '')
}

function encoded(parameters: readonly Parameter[]): Parameter[] {
  return parameters.map(([name, value]) => [name, percentEncode(value)])
}
