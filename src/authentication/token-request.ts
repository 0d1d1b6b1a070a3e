import { randomUUID } from 'node:crypto'
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  None,
  TlsClientAuth,
} from 'oauth4webapi'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { escapes, fullAllowance, render, renderAll, secretMask } from '../exchange/template.ts'
import { basic } from './basic.ts'
import { withHeaders } from './header.ts'
import { renderNeeded } from './needed.ts'
import { consentCallback, consentCode, consentVerifier, type OAuth2 } from './oauth2.ts'
import { signJwt } from './signed-jwt.ts'
import { drawOnce, signingValues } from './signing-values.ts'

const grantTypes = {
  authorizationCode: 'authorization_code',
  clientCredentials: 'client_credentials',
  password: 'password',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  refreshToken: 'refresh_token',
} as const

/** RFC 7521, section 4.2. */
const clientAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** The JWTs in a token request: what grants the token, and what authenticates the client. */
interface Assertions {
  grant: string
  client: string
}

/**
 * The request to a token endpoint with everything that the grant needs, and client authentication.
 * @throws {RenderError} for a value that cannot stand there
 */
export async function signTokenRequest(
  request: VendorRequest,
  authentication: OAuth2,
  values: Values,
): Promise<VendorRequest> {
  const { grant, clientAuthentication, clientId, claims } = authentication
  const party = clientId === undefined ? {} : { iss: clientId, sub: clientId }
  return write(request, authentication, values, {
    grant: grant === 'jwtBearer' ? await assertion({ ...party, ...claims }) : '',
    client: clientAuthentication === 'privateKeyJwt' ? await assertion(party) : '',
  })

  /** RFC 7523, section 3. */
  async function assertion(subject: Record<string, unknown>): Promise<string> {
    const { audience, headerClaims, algorithm, signingKey } = authentication
    const once = drawOnce()
    const stated = { aud: audience ?? request.url, jti: randomUUID(), ...subject }
    const all = signingValues([stated, headerClaims], values, request, once)
    const recipe = {
      ...authentication,
      algorithm: algorithm!,
      signingKey: signingKey!,
      claims: stated,
    }
    return signJwt(recipe, all, once.time)
  }
}

/** The same, fit to be shown: secrets among the values are stars. */
export function maskTokenRequest(
  request: VendorRequest,
  authentication: OAuth2,
  values: Values,
): VendorRequest {
  return write(request, authentication, values, { grant: secretMask, client: secretMask })
}

function write(
  request: VendorRequest,
  authentication: OAuth2,
  values: Values,
  assertions: Assertions,
): VendorRequest {
  const parameters = new URLSearchParams(grantParameters(authentication, values, assertions.grant))
  const client = authenticate(request, parameters, authentication, values, assertions.client)
  const isJson = authentication.bodyFormat === 'json'
  const type = isJson ? 'application/json' : 'application/x-www-form-urlencoded'
  return {
    ...withHeaders(request, [...client, ['content-type', type]]),
    body: isJson ? JSON.stringify(Object.fromEntries(parameters)) : parameters.toString(),
  }
}

function grantParameters(authentication: OAuth2, values: Values, assertion: string) {
  const { grant, scopes, scopeSeparator = ' ', parameters = {} } = authentication
  const sent: Record<string, string> = { grant_type: grantTypes[grant] }
  if (grant === 'password') {
    sent.username = renderNeeded(authentication.username, values)
    sent.password = renderNeeded(authentication.password, values)
  }
  if (grant === 'jwtBearer') sent.assertion = assertion
  if (grant === 'authorizationCode') {
    sent.code = renderNeeded(`{${consentCode}}`, values)
    sent.redirect_uri = values.get(consentCallback) ?? ''
    // RFC 7636, section 4.5.
    sent.code_verifier = values.get(consentVerifier) ?? ''
  } else if (grant === 'refreshToken') {
    sent.refresh_token = renderNeeded(authentication.refreshToken, values)
  } else if (scopes) {
    // A code and a refresh token have theirs (RFC 6749, sections 4.1.3 and 6).
    const allowance = fullAllowance()
    const all = scopes.map((scope) => render(scope, values, escapes.text, allowance))
    sent.scope = all.filter((scope) => scope !== '').join(scopeSeparator)
  }
  Object.assign(sent, Object.fromEntries(renderAll(parameters, values, escapes.text)))
  // RFC 6749, section 3.2: without a value it counts as left out.
  return Object.entries(sent).filter(([, value]) => value !== '')
}

/** Adds to the parameters what authenticates the client, and answers the headers that do. */
function authenticate(
  request: VendorRequest,
  parameters: URLSearchParams,
  authentication: OAuth2,
  values: Values,
  assertion: string,
): Iterable<[string, string]> {
  const { clientId, clientSecret, clientAuthentication } = authentication
  if (clientId === undefined) return []
  const id = renderNeeded(clientId, values)
  if (clientAuthentication === 'plainBasic') {
    const plain = { type: 'basic', name: '', username: clientId, password: clientSecret! } as const
    return Object.entries(basic.sign(request, plain, values).headers)
  }
  const ways: Record<typeof clientAuthentication, () => ClientAuth> = {
    basic: () => ClientSecretBasic(renderNeeded(clientSecret, values)),
    post: () => ClientSecretPost(renderNeeded(clientSecret, values)),
    privateKeyJwt: () => (_server, _client, body) => {
      body.set('client_id', id)
      body.set('client_assertion_type', clientAssertionType)
      body.set('client_assertion', assertion)
    },
    certificate: TlsClientAuth,
    none: None,
  }
  const headers = new Headers()
  // None of these has anything to wait for.
  void ways[clientAuthentication]()({ issuer: request.url }, { client_id: id }, parameters, headers)
  return headers
}
