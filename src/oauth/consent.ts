import type { Principal } from '../access/store.ts'
import type { Authentication } from '../authentication/authentication.ts'
import { type ConsentFlow, needsConsent } from '../authentication/consent.ts'
import {
  consentOAuthVerifier,
  consentRequestToken,
  consentRequestTokenSecret,
} from '../authentication/oauth1-dance.ts'
import { consentCallback, consentCode, consentVerifier } from '../authentication/oauth2.ts'
import type { Context } from '../context.ts'
import { checkConfiguration, type Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import type { Values } from '../exchange/request.ts'
import { secretsOf } from '../probe/masking.ts'
import { createScrub } from '../probe/scrub.ts'
import { checkConsent } from './check.ts'
import { findByItsState, findPendingFor } from './find-pending.ts'
import { givenBesides } from './given.ts'
import { type KeptConsent, openPending } from './pending.ts'
import { type Redirect, readRedirect } from './redirect.ts'
import { codeMissing, refuseConsent, stateInvalid } from './refused.ts'
import { takePending } from './store.ts'
import { readTold } from './told.ts'
import type { UsablePending } from './usable-store.ts'

/** What somebody's consent at the vendor yielded. */
export interface Consent {
  /** `consent.…`, and entries that the redirect told. */
  values: Values
  /** What was given when it was asked for, by entry, without what the request itself gives. */
  given: Record<string, Scalar>
  /** The app profile that it was asked for with. */
  oauthAppId: number | undefined
  /**
   * Whether it fits all that is known of the connection.
   * @throws {Refusal} for another issuer or client, and secrets that would go elsewhere
   */
  check(values: Values): void
  /**
   * Spends it: no other request can use it then.
   * @throws {Refusal} where another one was faster
   */
  take(): Promise<void>
}

export interface ConsentAsked {
  principal: Principal
  element: Element
  authentication: Authentication
  /** What the request itself gives. */
  configuration: Record<string, Scalar>
  /** What a stored instance has, where the request gives nothing else. */
  kept?: Record<string, Scalar> | undefined
  providerData: Record<string, unknown> | undefined
  /** The one that is connected anew. */
  instanceId?: number | undefined
  /** Where our own callback took the redirect: for whom, and in which browser. */
  connect?: { sessionId: number; browser: string } | undefined
}

type Needs = Pick<Context, 'db' | 'vault'>

const maxDescription = 1000

/**
 * The consent that a request brings along as `providerData`; undefined where the authentication
 * needs none.
 * @throws {Refusal} for a state that does not belong to it, and what the vendor refused
 */
export async function findConsent(
  context: Needs,
  asked: ConsentAsked,
): Promise<Consent | undefined> {
  const { element, authentication, configuration, providerData = {} } = asked
  if (!needsConsent(authentication)) return undefined
  const redirect = readRedirect(providerData)
  const { error, iss } = redirect
  if (error !== undefined) throw await refuseError(context, asked, redirect, error)
  if (!isWhole(authentication, redirect)) throw codeMissing(element, authentication.type)
  const pending = await findPendingFor(context, asked, authentication, stateOf(redirect))
  const kept = await openPending(context, pending)
  const { requestToken } = kept
  if (requestToken && requestToken.token !== redirect.token) throw stateInvalid(element)
  const given = givenBesides(element, kept.given, configuration)
  const yielded = yieldedBy(redirect, pending, kept)
  const secrets = [...yielded.map(([, value]) => value), ...secretsIn(asked, kept, given)]
  const told = readTold(element, authentication, providerData, secrets)
  const { organizationId, id } = pending
  return {
    values: new Map([...yielded, ...told]),
    given,
    oauthAppId: pending.oauthAppId ?? undefined,
    check: (values) => checkConsent({ element, authentication, pending, kept, given, iss }, values),
    take: async () => {
      if (!(await takePending(context.db, { organizationId, id }))) throw stateInvalid(element)
    },
  }
}

function isWhole({ type }: ConsentFlow, { code, token, verifier }: Redirect): boolean {
  return type === 'oauth2' ? code !== undefined : token !== undefined && verifier !== undefined
}

/** With OAuth 1 the request token is one where there is no other. */
function stateOf({ state, token }: Redirect): string | undefined {
  return state ?? token
}

/** What is exchanged for a token, as values. */
function yieldedBy(
  { code, verifier }: Redirect,
  { callbackUrl }: UsablePending,
  kept: KeptConsent,
): [key: string, value: string][] {
  const { requestToken } = kept
  const all: [key: string, value: string | undefined][] = requestToken
    ? [
        [consentRequestToken, requestToken.token],
        [consentRequestTokenSecret, requestToken.secret],
        [consentOAuthVerifier, verifier],
      ]
    : [
        [consentCode, code],
        [consentCallback, callbackUrl],
        [consentVerifier, kept.verifier],
      ]
  return all.filter((one): one is [string, string] => one[1] !== undefined)
}

/** The vendor said no: whoever wants to try again needs another consent. */
async function refuseError(context: Needs, asked: ConsentAsked, redirect: Redirect, error: string) {
  const { element } = asked
  const { description = '', code, token, verifier } = redirect
  const state = stateOf(redirect)
  const pending = state === undefined ? undefined : await findByItsState(context, asked, state)
  const kept = pending && (await openPending(context, pending))
  if (pending) await takePending(context.db, pending)
  const own = [state, code, token, verifier].filter((one) => one !== undefined)
  const secrets = [...own, ...secretsIn(asked, kept, kept?.given ?? {})]
  return refuseConsent(
    element,
    error,
    createScrub(secrets)(description, maxDescription) || undefined,
  )
}

/** What must not come back in what the vendor says. */
function secretsIn(
  { element, authentication, configuration }: ConsentAsked,
  kept: KeptConsent | undefined,
  given: Record<string, Scalar>,
): string[] {
  const checked = checkConfiguration(element, authentication, { ...configuration, ...given })
  return [
    kept?.verifier ?? [],
    kept?.requestToken?.secret ?? [],
    secretsOf({ ...checked, element, authentication }),
  ].flat()
}
