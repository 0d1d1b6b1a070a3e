import { needsConsent } from '../authentication/consent.ts'
import { loginOf } from '../authentication/login.ts'
import { isSecretOfSession } from '../authentication/session.ts'
import type { Context } from '../context.ts'
import type { Element } from '../definition/element.ts'
import { viewOf } from '../definition/view.ts'
import { Refusal } from '../http/errors.ts'
import { prove } from '../probe/prove.ts'
import { type Credentials, originsOf } from '../probe/request.ts'
import type { ChangeRequest } from './change-request.ts'
import type { StoredRow } from './connection-store.ts'
import type { GivenCredentials } from './credentials.ts'
import { openKept, requireMeant } from './kept.ts'
import { sessionOf, type Tokens, tokensEntry } from './tokens.ts'
import { conclude, type Verified, verify } from './verify.ts'

/** What the vendor says to another way to connect. */
export interface Proof extends Verified {
  /** Whether the tokens of before are those that it accepted. */
  reused: boolean
  /** Whether it was asked. */
  asked: boolean
}

/**
 * Tries a change at the vendor: with the tokens that are there, where it does not touch the login
 * that they come from; else with a new login.
 * @returns undefined where the tokens were renewed meanwhile
 * @throws {Refusal} `oauth-code-missing` where a new login takes somebody's consent
 */
export async function proveChange(
  context: Context,
  request: ChangeRequest,
  row: StoredRow,
  given: GivenCredentials,
  isSameLogin: boolean,
): Promise<Proof | undefined> {
  const { credentials, configuration, consent } = given
  const { element, authentication, values } = credentials
  const stored = row.secrets.find(({ entry }) => entry === tokensEntry)
  const origins = originsOf(element, authentication, values)
  const byConsent = needsConsent(authentication)
  const mayReuse = stored && !consent && isSameLogin && loginOf(authentication) !== undefined
  const reaches = stored && origins.every((origin) => stored.origins.includes(origin))
  if (mayReuse && (reaches || byConsent)) {
    requireMeant(element, [stored], origins)
    const { organizationId } = row
    const fresh = await request.access(context, { organizationId, instanceId: row.id })
    if (fresh.tokens?.version !== stored.secretVersion) return undefined
    const opened = await openKept(context, row, element, [stored], origins)
    const tokens: Tokens = JSON.parse(opened.get(tokensEntry)!)
    const known = inSession(credentials, tokens)
    return proveWithTokens(context, request, row, known, stored.secretVersion)
  }
  if (byConsent && !consent) throw consentMissing(element, row.id)
  const { organizationId } = row
  const { first } = configuration
  const verified = await verify(context, organizationId, credentials, first, consent?.take)
  return { ...verified, reused: false, asked: true }
}

async function proveWithTokens(
  context: Context,
  { access }: ChangeRequest,
  { organizationId, id: instanceId, state, stateReason }: StoredRow,
  credentials: Credentials,
  version: number,
): Promise<Proof | undefined> {
  try {
    const proof = await proveInSession(context, organizationId, credentials)
    if (proof) return { ...conclude(credentials.element, proof), reused: true, asked: true }
    return { state, stateReason, discovered: [], reused: true, asked: false }
  } catch (error) {
    if (!isRejection(error)) throw error
    const renewed = await access(context, { organizationId, instanceId }, version)
    if (renewed.tokens?.version === version) throw error
    return undefined
  }
}

/** For an instance that is there already. */
function consentMissing({ key, name }: Element, id: number): Refusal {
  return new Refusal(
    'oauth-code-missing',
    `It takes somebody's consent at ${name} to connect this instance. Open the address that GET /elements/${key}/oauth/url?instanceId=${id} answers in a browser, consent, and send what the redirect says as "providerData" with PATCH /instances/${id}. Its id and token stay.`,
  )
}

/** The probes alone, with a token that is there; undefined where the element has none. */
export function proveInSession(
  context: Context,
  organizationId: number,
  credentials: Credentials,
): ReturnType<typeof prove> {
  const { probes = [] } = viewOf(credentials.element, credentials.authentication)
  const steps = probes.map((step) => ({ step }))
  return prove(context, organizationId, credentials, undefined, steps)
}

/** Whether the vendor refused what another token may open. */
export function isRejection(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'credentials-rejected'
}

function inSession(credentials: Credentials, tokens: Tokens): Credentials {
  const values = new Map([...credentials.values, ...sessionOf(tokens)])
  const ofSession = [...values.keys()].filter(isSecretOfSession)
  return { ...credentials, values, secretKeys: new Set([...credentials.secretKeys, ...ofSession]) }
}
