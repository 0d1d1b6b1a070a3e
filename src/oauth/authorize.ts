import type { Principal } from '../access/store.ts'
import type { Authentication } from '../authentication/authentication.ts'
import {
  type ConsentFlow,
  clientOf,
  isCodeFlow,
  needsConsent,
  tokenUrlOf,
} from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import type { Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { refuseConfiguration } from '../definition/refuse.ts'
import type { KnownElement } from '../elements/elements.ts'
import { baseUrlOf } from '../exchange/address.ts'
import type { Values } from '../exchange/request.ts'
import { escapes, placeholdersIn, RenderError, render } from '../exchange/template.ts'
import { Refusal } from '../http/errors.ts'
import type { RequestToken } from '../probe/request-token.ts'
import { codePageOf } from './code-page.ts'
import { isFitForBrowsers } from './page-url.ts'
import { keepPending } from './pending.ts'
import { type PreparedConsent, prepareConsent } from './prepare.ts'
import { fetchRequestToken, tokenPageOf } from './request-token.ts'
import { createState, looksLikeOurs } from './state.ts'

export interface AuthorizationAsked {
  principal: Principal
  known: Pick<KnownElement, 'element' | 'version'>
  authentication: Authentication
  /** By entry; what is not needed for the vendor's page may follow later. */
  configuration: Record<string, Scalar>
  /** Where the vendor sends the browser back to: checked already. */
  callbackUrl: string
  /** In the place of the definition's scopes, as the vendor writes them. */
  scope?: string | undefined
  /** The caller's own, sent as it is; left out: one of ours. */
  state?: string | undefined
  oauthAppId?: number | undefined
  /** An instance of the user that is connected anew. */
  instanceId?: number | undefined
  connectSessionId?: number | undefined
  /** A secret that the browser holds. */
  browser?: string | undefined
  /** Left out: ten minutes. */
  lifetimeSeconds?: number | undefined
}

export interface Authorization {
  /** Of the vendor's page. */
  url: string
  state: string
  expiresAt: Date
  /** With OAuth 1: what the consent is to. */
  requestToken: RequestToken | undefined
}

export type AuthorizationNeeds = Pick<
  Context,
  | 'db'
  | 'vault'
  | 'config'
  | 'egress'
  | 'admission'
  | 'metrics'
  | 'traces'
  | 'probeDeadlineMs'
  | 'authorizationIds'
>

/**
 * Asks for a consent: stores what has to be known when it comes back, and answers the address of the
 * vendor's page. With OAuth 1 the vendor is asked for a request token first.
 * @throws {Refusal} for what is missing or wrong
 */
export async function beginAuthorization(
  context: AuthorizationNeeds,
  asked: AuthorizationAsked,
): Promise<Authorization> {
  const { known, authentication } = asked
  const { element } = known
  if (!needsConsent(authentication)) throw withoutConsent(element)
  if (asked.state && looksLikeOurs(asked.state)) throw likeOurs()
  const prepared = await prepareConsent(context, asked, authentication)
  const { given, values, oauthAppId } = prepared
  const { url, state, verifier, requestToken } = await pageOf(
    context,
    asked,
    authentication,
    prepared,
  )
  requireFit(context, element, url)
  const clientId = render(clientOf(authentication).id!, values, escapes.text)
  const kept = {
    clientId,
    given,
    ...(verifier !== undefined && { verifier }),
    ...(requestToken && { requestToken }),
  }
  const expiresAt = await keepPending(context, {
    ...asked,
    authentication,
    state,
    values,
    oauthAppId,
    kept,
  })
  return { url: url.href, state, expiresAt, requestToken }
}

interface Page {
  url: URL
  state: string
  verifier?: string | undefined
  requestToken?: RequestToken
}

/** The vendor's page, and what has to be known of it later. */
async function pageOf(
  context: AuthorizationNeeds,
  asked: AuthorizationAsked,
  authentication: ConsentFlow,
  { values, secretKeys }: PreparedConsent,
): Promise<Page> {
  const { principal, known, callbackUrl, scope, connectSessionId } = asked
  const { element } = known
  const { organizationId } = principal
  try {
    requireTokenAddress(element, authentication, values)
    if (isCodeFlow(authentication)) {
      const state = asked.state || createState(organizationId)
      const own = connectSessionId !== undefined
      const asking = { callbackUrl, scope, state, own }
      const page = await codePageOf(element, authentication, values, asking)
      return { ...page, state }
    }
    // Our own callback has to know whose it is; a caller's knows the request token.
    const own = connectSessionId === undefined ? undefined : createState(organizationId)
    const state = asked.state || own
    const credentials = { element, authentication, values, secretKeys }
    const requestToken = await fetchRequestToken(context, organizationId, credentials, {
      callbackUrl,
      state,
    })
    const { token } = requestToken
    const url = tokenPageOf(element, authentication, values, token)
    return { url, state: state ?? token, requestToken }
  } catch (error) {
    if (!(error instanceof RenderError)) throw error
    const invalid = [{ key: error.key, reason: error.message }]
    throw refuseConfiguration({ missing: [], invalid, unknown: [] })
  }
}

/**
 * A mistake in it shows now, and not after the consent; what the redirect leads to shows then.
 * @throws {RenderError}
 */
function requireTokenAddress({ entries }: Element, authentication: ConsentFlow, values: Values) {
  const baseUrl = tokenUrlOf(authentication)
  const used = placeholdersIn(baseUrl)
  if (entries.some(({ key, discovered }) => discovered && used.includes(key))) return
  baseUrlOf({ baseUrl, entries }, values)
}

/** @throws {Refusal} `destination-forbidden` for a page that no browser should be sent to */
export function requireFit({ config }: Pick<Context, 'config'>, { name }: Element, url: URL) {
  if (isFitForBrowsers(config, url)) return
  throw new Refusal(
    'destination-forbidden',
    `The page of ${name} at ${url.hostname} is not https: no browser is sent there. Use https, or the operator can allow it with LATCHKEY_EGRESS_ALLOW.`,
  )
}

function withoutConsent({ name, key }: Element): Refusal {
  return new Refusal(
    'oauth-flow-different',
    `${name} needs nobody's consent with this type of authentication. Provision it with POST /elements/${key}/instances.`,
  )
}

function likeOurs(): Refusal {
  return new Refusal('parameters-invalid', {
    message: 'A state of your own must not begin with "lks_". Take another one, or leave it out.',
    invalid: [{ key: 'state', reason: 'begins with "lks_"' }],
  })
}
