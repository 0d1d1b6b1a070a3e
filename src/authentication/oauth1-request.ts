import type { Values, VendorRequest } from '../exchange/request.ts'
import { escapes, render, secretMask } from '../exchange/template.ts'
import { withHeaders } from './header.ts'
import { renderNeeded } from './needed.ts'
import type { OAuth1 } from './oauth1.ts'
import {
  baseStringOf,
  type Parameter,
  percentEncode,
  sentParameters,
  signatureOf,
} from './oauth1-signature.ts'
import { withQuery } from './query.ts'
import { drawMasked, drawOnce, type Once } from './signing-values.ts'
import { Unsignable } from './unsignable.ts'

const maxNameShown = 100

/** What a request is signed with besides the client's credentials. */
export interface Proof {
  /** Templates; left out: none, as for a request token. */
  token?: string
  tokenSecret?: string
  /** More of the protocol: `oauth_callback`, `oauth_verifier`. */
  parameters?: readonly Parameter[]
}

/**
 * The request with the parameters of OAuth where the definition wants them.
 * @throws {RenderError} for a value that is missing, or cannot stand there
 * @throws {Unsignable} for a request with parameters of OAuth of its own
 */
export function signOAuth1(
  request: VendorRequest,
  authentication: OAuth1,
  values: Values,
  proof: Proof,
): VendorRequest {
  const sent = sentParameters(request)
  refuseProtocol(sent.query, 'query')
  refuseProtocol(sent.body, 'form')
  const parameters = protocolParameters(authentication, values, proof, drawOnce())
  const secrets = {
    consumerSecret: renderNeeded(authentication.consumerSecret, values),
    tokenSecret: proof.tokenSecret === undefined ? '' : renderNeeded(proof.tokenSecret, values),
  }
  const baseString = baseStringOf(request, parameters, sent)
  const signature = signatureOf(methodOf(authentication), baseString, secrets)
  const all = [...parameters, ['oauth_signature', signature] as const]
  return place(request, authentication, values, all, percentEncode)
}

/** The same, fit to be shown: secrets among the values are stars. */
export function maskOAuth1(
  request: VendorRequest,
  authentication: OAuth1,
  values: Values,
  proof: Proof,
): VendorRequest {
  const parameters = protocolParameters(authentication, values, proof, drawMasked())
  const all = [...parameters, ['oauth_signature', secretMask] as const]
  return place(request, authentication, values, all, (text) =>
    text.split(secretMask).map(percentEncode).join(secretMask),
  )
}

/**
 * RFC 5849, section 3.1: none may appear more than once, and which of two a vendor takes is not known.
 * Vendors that read names without regard to case do so here, too.
 */
function refuseProtocol(sent: readonly Parameter[], place: string) {
  const name = sent.find(([name]) => /^oauth_/i.test(name))?.[0].slice(0, maxNameShown)
  if (name === undefined) return
  throw new Unsignable(
    `its ${place} has the parameter "${name}", and it is the service that adds those of OAuth 1, each of which may stand there once; leave out the parameters whose names begin with "oauth_"`,
  )
}

function methodOf({ signatureMethod = 'HMAC-SHA1' }: OAuth1) {
  return signatureMethod
}

/** RFC 5849, section 3.1. */
function protocolParameters(
  authentication: OAuth1,
  values: Values,
  { token, parameters = [] }: Proof,
  { time, nonce }: Once,
): Parameter[] {
  return [
    ['oauth_consumer_key', renderNeeded(authentication.consumerKey, values)],
    ...(token === undefined ? [] : [['oauth_token', renderNeeded(token, values)] as const]),
    ['oauth_signature_method', methodOf(authentication)],
    ['oauth_timestamp', String(Math.floor(time.getTime() / 1000))],
    ['oauth_nonce', nonce],
    ['oauth_version', '1.0'],
    ...parameters,
  ]
}

/** Sections 3.5.1 and 3.5.3. */
function place(
  request: VendorRequest,
  authentication: OAuth1,
  values: Values,
  parameters: readonly Parameter[],
  encode: (text: string) => string,
): VendorRequest {
  const encoded = parameters.map(([name, value]) => [name, encode(value)] as const)
  if (authentication.in === 'query') return withQuery(request, encoded)
  const realm = render(authentication.realm ?? '', values, escapes.header)
  const written = encoded.map(([name, value]) => `${name}="${value}"`)
  // It is a quoted string (RFC 7235, section 2.2), and no parameter of OAuth.
  if (realm !== '') written.unshift(`realm="${realm.replace(/["\\]/g, '\\$&')}"`)
  return withHeaders(request, [['authorization', `OAuth ${written.join(', ')}`]])
}
