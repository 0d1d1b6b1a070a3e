import { isUsable } from '../access/ownership.ts'
import type { Principal } from '../access/store.ts'
import { type Authentication, keyOf } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import { checkConfiguration, type Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import type { Values } from '../exchange/request.ts'
import { Refusal } from '../http/errors.ts'
import { chooseApp, ownClientIn } from './app-choice.ts'
import { clientOf } from './app-client.ts'
import { destinationsOf } from './app-destinations.ts'
import { applyApp } from './app-opening.ts'
import { notFound } from './app-permission.ts'
import { type AppRecord, findApp as findRecord, listUsableApps } from './app-store.ts'

/** An organization's app at a vendor, in the place of what an instance would carry itself. */
export interface AppliedApp {
  id: number
  /**
   * By entry. `null` is a secret that stays closed, because the values do not say yet where it would
   * go.
   */
  given: Record<string, Scalar>
}

export interface AppAsked {
  principal: Principal
  element: Element
  authentication: Authentication
  /** What the request itself gives. */
  configuration: Record<string, Scalar>
  /** What a consent told. */
  told?: Values | undefined
  oauthAppId: number | undefined
}

type Needs = Pick<Context, 'db' | 'vault'>

/**
 * The app profile that stands for the client of an OAuth vendor, its secret opened for the token
 * endpoint: the one that is named, or the only one that the user may use, own ones before shared
 * ones. Undefined where none is named and the configuration has a client, or no profile fits.
 * @throws {Refusal} `oauth-app-not-found` and `oauth-app-unfit` for one that is named,
 *   `oauth-app-unclear` where several fit, `configuration-invalid` where the configuration has a
 *   client besides, `secrets-required` where the token endpoint is none of its origins
 */
export async function findApp(context: Needs, asked: AppAsked): Promise<AppliedApp | undefined> {
  const { principal, element, authentication, configuration, told = [], oauthAppId } = asked
  const { organizationId, user } = principal
  const client = clientOf(element, authentication)
  const own = client ? ownClientIn(element, client, configuration) : []
  if (oauthAppId === undefined && (!client || own.length > 0)) return undefined
  const { values } = checkConfiguration(element, authentication, configuration)
  const destinations = destinationsOf(element, authentication, new Map([...values, ...told]))
  if (oauthAppId !== undefined) {
    const found = await findUsable(context, { organizationId, id: oauthAppId, userId: user.id })
    if (own.length > 0) throw twofold(own)
    return applyApp(context, found, element, authentication, destinations)
  }
  const whose = { organizationId, userId: user.id, elementId: element.id }
  const usable = await listUsableApps(context.db, {
    ...whose,
    authenticationType: keyOf(authentication),
  })
  const chosen = chooseApp(usable, user.id, destinations)
  return chosen && applyApp(context, chosen, element, authentication, destinations)
}

/**
 * The app profile of a stored instance, its secret opened for the token endpoint.
 * @throws {Refusal} `oauth-app-not-found` where the user may no longer use it, `oauth-app-unfit`,
 *   and `secrets-required` where the token endpoint is none of its origins
 */
export async function openApp(
  context: Needs,
  asked: {
    organizationId: number
    userId: number
    id: number
    element: Element
    authentication: Authentication
    values: Values
  },
): Promise<AppliedApp> {
  const { element, authentication, values } = asked
  const found = await findUsable(context, asked)
  const destinations = destinationsOf(element, authentication, values)
  return applyApp(context, found, element, authentication, destinations)
}

async function findUsable(
  { db }: Needs,
  { userId, ...key }: { organizationId: number; id: number; userId: number },
): Promise<AppRecord> {
  const found = await findRecord(db, key)
  if (!found || !isUsable(userId, found)) throw notFound(key.id)
  return found
}

function twofold(own: string[]): Refusal {
  const keys = own.map((key) => `"${key}"`).join(' and ')
  const reason = 'is held by the app profile that is named: leave it out'
  return new Refusal('configuration-invalid', {
    message: `An app profile stands for ${keys}, which the configuration gives as well. Send the one or the other.`,
    invalid: own.map((key) => ({ key, reason })),
  })
}
