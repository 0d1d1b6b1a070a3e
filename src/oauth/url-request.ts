import type { Principal } from '../access/store.ts'
import { type Authentication, keyOf } from '../authentication/authentication.ts'
import { callbackEntryOf, clientOf, needsConsent } from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import type { Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { getElement, requireActive } from '../elements/find.ts'
import { placeholdersIn } from '../exchange/template.ts'
import { Refusal } from '../http/errors.ts'
import { showKey } from '../http/show-key.ts'
import type { AuthorizationAsked } from './authorize.ts'
import { readCallbackUrl } from './callback-url.ts'
import { givenFor } from './given.ts'

/** The parameters that the routes know by themselves. */
export interface UrlQuery {
  apiKey?: string
  apiSecret?: string
  callbackUrl?: string
  scope?: string
  state?: string
  authenticationType?: string
  oauthAppId?: number
  instanceId?: number
  requestToken?: string
}

/**
 * What a caller asks a consent with: every parameter that is an entry of the element counts as one.
 * @throws {Refusal} for what is missing, unclear or cannot be used
 */
export async function readUrlRequest(
  { config, elements }: Pick<Context, 'config' | 'elements'>,
  principal: Principal,
  keyOrId: string,
  query: UrlQuery & Record<string, unknown>,
): Promise<AuthorizationAsked> {
  const { apiKey, apiSecret, scope, state, authenticationType, oauthAppId, instanceId } = query
  const { callbackUrl, ...rest } = query
  const known = requireActive(await getElement(elements, principal.organizationId, keyOrId))
  const { element } = known
  const authentication = chooseConsent(element, authenticationType)
  const configuration = readEntries(rest)
  const { id, secret } = clientOf(authentication)
  setEntry(element, configuration, 'apiKey', id, apiKey)
  setEntry(element, configuration, 'apiSecret', secret, apiSecret)
  const own = callbackEntryOf(authentication)
  const stated = own === undefined ? undefined : givenFor(element, own, configuration)
  return {
    principal,
    known,
    authentication,
    configuration,
    // That of a request token is known already.
    callbackUrl: query.requestToken ? '' : readCallbackUrl(config, callbackUrl || stated),
    scope,
    state,
    oauthAppId,
    instanceId,
  }
}

/** What the routes know by themselves is no entry. */
const parameters = new Set([
  'apiKey',
  'apiSecret',
  'scope',
  'state',
  'authenticationType',
  'oauthAppId',
  'instanceId',
  'requestToken',
])

/** @throws {Refusal} `parameters-invalid` for what is there twice */
function readEntries(query: Record<string, unknown>): Record<string, Scalar> {
  const given = Object.entries(query).filter(([name]) => !parameters.has(name))
  const twice = given.filter(([, value]) => typeof value !== 'string').map(([name]) => name)
  if (twice.length === 0) return Object.fromEntries(given as [string, string][])
  const invalid = twice.map((name) => ({ key: showKey(name), reason: 'is there twice' }))
  throw new Refusal('parameters-invalid', {
    message: `Send each parameter once: ${invalid.map(({ key }) => key).join(', ')}.`,
    invalid,
  })
}

/** One of those that need a consent: the one that is named, or the only one. */
function chooseConsent(element: Element, asked: string | undefined): Authentication {
  const named = element.authentications.find((one) => keyOf(one) === asked)
  if (named) return named
  const offered = element.authentications.filter(needsConsent)
  const [only, ...more] = offered
  if (asked === undefined && only && more.length === 0) return only
  if (!only) {
    throw new Refusal(
      'oauth-flow-different',
      `${element.name} needs nobody's consent. Provision it with POST /elements/${element.key}/instances.`,
    )
  }
  throw new Refusal('authentication-unclear', {
    message: `Name a type of authentication that ${element.name} offers, as in authenticationType=${keyOf(only)}.`,
    choices: offered.map(keyOf),
  })
}

/** A parameter by the name that Cloud Elements' clients know it by. */
function setEntry(
  element: Element,
  configuration: Record<string, Scalar>,
  parameter: string,
  template: string | undefined,
  value: string | undefined,
) {
  const [key] = placeholdersIn(template ?? '')
  if (key === undefined || !value) return
  const stated = givenFor(element, key, configuration)
  if (stated !== undefined && stated !== value) {
    throw new Refusal('parameters-invalid', {
      message: `${parameter} is one thing, and "${key}" another: send one of them.`,
      invalid: [{ key: parameter, reason: `does not agree with "${key}"` }],
    })
  }
  if (stated === undefined) configuration[key] = value
}
