import type { Authentication } from '../authentication/authentication.ts'
import type { OAuth2 } from '../authentication/oauth2.ts'
import { isComputed } from '../definition/computed.ts'
import type { Element } from '../definition/element.ts'
import { placeholdersIn } from '../exchange/template.ts'

/** The entries that say which client of an OAuth vendor somebody is: what an app profile stands for. */
export interface ClientEntries {
  id: string
  /** Left out where such a client has no secret, or has a certificate in its place. */
  secret: string | undefined
}

/**
 * The entries of an authentication that an app profile can hold; undefined where it does not use
 * OAuth, where id or secret are not one entry each, or where they would also go elsewhere than a
 * client's id and secret do: a profile's secret is meant for the token endpoint alone.
 */
export function clientOf(
  element: Element,
  authentication: Authentication,
): ClientEntries | undefined {
  const templates = templatesOf(authentication)
  if (!templates?.id) return undefined
  const id = entryIn(element, templates.id)
  const secret = templates.secret === undefined ? undefined : entryIn(element, templates.secret)
  if (id === undefined || id === secret) return undefined
  if (templates.secret === undefined) return { id, secret }
  return secret === undefined || isSentElsewhere(element, authentication, secret)
    ? undefined
    : { id, secret }
}

function templatesOf(
  authentication: Authentication,
): { id: string | undefined; secret: string | undefined } | undefined {
  if (authentication.type === 'oauth1') {
    const { consumerKey: id, consumerSecret: secret } = authentication
    return { id, secret }
  }
  if (authentication.type !== 'oauth2') return undefined
  return { id: authentication.clientId, secret: secretOf(authentication) }
}

function secretOf({ clientAuthentication, clientSecret, signingKey, grant }: OAuth2) {
  if (['basic', 'plainBasic', 'post'].includes(clientAuthentication)) return clientSecret
  return clientAuthentication === 'privateKeyJwt' || grant === 'jwtBearer' ? signingKey : undefined
}

/** The one that somebody gives, and that nothing else is made from. */
function entryIn({ entries }: Element, template: string): string | undefined {
  const entry = entries.find(({ key }) => template === `{${key}}`)
  if (!entry || isComputed(entry)) return undefined
  const makesAnother = entries.some(({ derived }) => placeholdersIn(derived).includes(entry.key))
  return makesAnother ? undefined : entry.key
}

/** What the token request says in other words goes to the token endpoint as well. */
function isSentElsewhere(element: Element, authentication: Authentication, key: string): boolean {
  const { baseUrl, headers, probes } = element
  const { clientSecret, consumerSecret, signingKey, parameters, ...others } = {
    clientSecret: undefined,
    consumerSecret: undefined,
    signingKey: undefined,
    parameters: undefined,
    ...authentication,
  }
  return placeholdersIn({ baseUrl, headers, probes, others }).includes(key)
}
