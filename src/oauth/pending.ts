import { randomInt } from 'node:crypto'
import { keyOf } from '../authentication/authentication.ts'
import type { ConsentFlow } from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import type { Scalar } from '../definition/configuration.ts'
import type { Values } from '../exchange/request.ts'
import type { RequestToken } from '../probe/request-token.ts'
import type { AuthorizationAsked } from './authorize.ts'
import { boundOrigins } from './bound-origins.ts'
import { consentEntry, insertPending, ownerOf, sweepPending } from './store.ts'
import type { UsablePending } from './usable-store.ts'

/** What has to be known when a consent comes back, and nobody may see. */
export interface KeptConsent {
  /** By which the vendor knows the app that asked for it. */
  clientId: string
  /** RFC 7636, section 4.1. */
  verifier?: string
  /** RFC 5849, section 2.1. */
  requestToken?: RequestToken
  /** By entry. */
  given: Record<string, Scalar>
}

export interface PendingAsked extends AuthorizationAsked {
  authentication: ConsentFlow
  state: string
  values: Values
  kept: KeptConsent
}

const usualSeconds = 600
/** One consent in sixteen sweeps up to so many that have expired. */
const sweepOneIn = 16
const maxSwept = 64

/** Stores a consent that is asked for, and answers when it expires. */
export async function keepPending(
  { db, vault, authorizationIds }: Pick<Context, 'db' | 'vault' | 'authorizationIds'>,
  asked: PendingAsked,
): Promise<Date> {
  const { principal, known, authentication, values, browser, kept } = asked
  const { organizationId } = principal
  const { element, version: elementVersion } = known
  const id = await authorizationIds.next()
  const place = placeOf(id, boundOrigins(element, authentication, values))
  const { origins } = place
  const sealed = await vault.seal({ organizationId, ...place }, JSON.stringify(kept))
  const expiresAt = await insertPending(db, {
    organizationId,
    id,
    userId: principal.user.id,
    elementId: element.id,
    elementVersion,
    authenticationType: keyOf(authentication),
    callbackUrl: asked.callbackUrl,
    oauthAppId: asked.oauthAppId ?? null,
    instanceId: asked.instanceId ?? null,
    connectSessionId: asked.connectSessionId ?? null,
    browserHash: browser === undefined ? null : vault.hash(browser).hash,
    state: vault.hash(asked.state),
    lifetimeSeconds: asked.lifetimeSeconds ?? usualSeconds,
    secret: { origins, ...sealed },
  })
  if (randomInt(sweepOneIn) === 0) await sweepPending(db, { organizationId, limit: maxSwept })
  return expiresAt
}

/** Opened for where it is bound to; whoever uses it checks that nothing goes elsewhere. */
export async function openPending(
  { vault }: Pick<Context, 'vault'>,
  { organizationId, id, origins, sealed }: UsablePending,
): Promise<KeptConsent> {
  const place = { organizationId, ...placeOf(id, origins) }
  return JSON.parse(await vault.open(place, sealed, origins[0]!.replace('*', 'any')))
}

function placeOf(id: number, origins: string[]) {
  return { owner: ownerOf(id), entry: consentEntry, secretVersion: 1, origins }
}
