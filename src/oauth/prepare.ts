import { keyOf } from '../authentication/authentication.ts'
import { type ConsentFlow, callbackEntryOf, isCodeFlow } from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import { checkConfiguration, type Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { refuseConfiguration } from '../definition/refuse.ts'
import type { Values } from '../exchange/request.ts'
import { Refusal } from '../http/errors.ts'
import { findApp } from './app.ts'
import type { AuthorizationAsked } from './authorize.ts'
import { findLacking } from './lacking.ts'
import { findOwnInstance } from './own-instance-store.ts'

/** What a consent is asked for with. */
export interface PreparedConsent {
  /** By the request, to count as given when the consent comes back. */
  given: Record<string, Scalar>
  values: Values
  secretKeys: Set<string>
  oauthAppId: number | undefined
}

/** @throws {Refusal} for all that is wrong, and what is missing for the page or the token endpoint */
export async function prepareConsent(
  context: Pick<Context, 'db' | 'vault'>,
  asked: AuthorizationAsked,
  authentication: ConsentFlow,
): Promise<PreparedConsent> {
  const { principal, known, callbackUrl } = asked
  const { element } = known
  const before = await findInstance(context, asked)
  const entry = callbackEntryOf(authentication)
  const given = { ...asked.configuration, ...(entry !== undefined && { [entry]: callbackUrl }) }
  const configuration = { ...before?.configuration, ...given }
  const app = await findApp(context, {
    principal,
    element,
    authentication,
    configuration,
    oauthAppId: asked.oauthAppId ?? before?.oauthAppId ?? undefined,
  })
  const read = readValues(element, authentication, { ...configuration, ...app?.given })
  return { given, ...read, oauthAppId: app?.id }
}

/** What cannot be done without, and what is used where it is there, as templates. */
function templatesOf(authentication: ConsentFlow): { needed: unknown; used: unknown } {
  if (isCodeFlow(authentication)) {
    const { authorizeUrl, clientId, tokenUrl, authorizeParameters, scopes } = authentication
    return { needed: [authorizeUrl, clientId, tokenUrl], used: [authorizeParameters, scopes] }
  }
  const { requestTokenUrl, authorizeUrl, accessTokenUrl, realm } = authentication
  const { consumerKey, consumerSecret, authorizeParameters, parameters } = authentication
  return {
    needed: [requestTokenUrl, authorizeUrl, accessTokenUrl, consumerKey, consumerSecret],
    used: [authorizeParameters, parameters, realm],
  }
}

function readValues(
  element: Element,
  authentication: ConsentFlow,
  given: Record<string, Scalar>,
): { values: Values; secretKeys: Set<string> } {
  const checked = checkConfiguration(element, authentication, given)
  const { invalid, unknown, values, secretKeys } = checked
  const { needed, used } = templatesOf(authentication)
  const useful = new Set(findLacking(element, used, values).map(({ key }) => key))
  const lacking = [
    ...findLacking(element, needed, values),
    ...checked.missing.filter(({ key }) => useful.has(key)),
  ]
  const refused = new Set(invalid.map(({ key }) => key))
  const byKey = new Map(lacking.map((one) => [one.key, one]))
  const missing = [...byKey.values()].filter(({ key }) => !refused.has(key))
  if (missing.length + invalid.length + unknown.length === 0) return { values, secretKeys }
  throw refuseConfiguration({ missing, invalid, unknown })
}

async function findInstance(
  { db }: Pick<Context, 'db'>,
  { principal, known, authentication, instanceId: id }: AuthorizationAsked,
) {
  if (id === undefined) return undefined
  const { organizationId, user } = principal
  const found = await findOwnInstance(db, { organizationId, id, userId: user.id })
  if (!found) {
    throw new Refusal(
      'instance-not-found',
      `You have no instance with the id ${id}. Check the id, and whose secrets you sent.`,
    )
  }
  const { element } = known
  if (found.elementId === element.id && found.authenticationType === keyOf(authentication)) {
    return found
  }
  throw new Refusal('parameters-invalid', {
    message: `The instance ${id} is not one of ${element.name} with this type of authentication. Name that of the instance.`,
    invalid: [{ key: 'instanceId', reason: 'is of another element or type of authentication' }],
  })
}
