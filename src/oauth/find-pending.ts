import { keyOf } from '../authentication/authentication.ts'
import { type ConsentFlow, callbackEntryOf, isCodeFlow } from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import type { ConsentAsked } from './consent.ts'
import { givenFor } from './given.ts'
import { stateInvalid, stateMissing } from './refused.ts'
import { findStateless, findUsable, type PendingKey, type UsablePending } from './usable-store.ts'

type Needs = Pick<Context, 'db' | 'vault'>
type PendingAsked = Omit<ConsentAsked, 'providerData'>

/**
 * The consent under way that a redirect belongs to, by its state, or without one where the definition
 * permits that.
 * @throws {Refusal} that does not tell what does not fit
 */
export async function findPendingFor(
  context: Needs,
  asked: PendingAsked,
  authentication: ConsentFlow,
  state: string | undefined,
): Promise<UsablePending> {
  const { element } = asked
  if (state !== undefined) {
    const found = await findByItsState(context, asked, state)
    if (!found) throw stateInvalid(element)
    return found
  }
  if (!isCodeFlow(authentication) || !authentication.codeWithoutState) {
    throw stateMissing(element, false)
  }
  const key = callbackEntryOf(authentication)
  const callback =
    key === undefined
      ? undefined
      : givenFor(element, key, { ...asked.kept, ...asked.configuration })
  const [found, other] = await findStateless(context.db, keyOfPending(context, asked), callback)
  if (!found || other) throw stateMissing(element, other !== undefined)
  return found
}

/** The latest one of a state, whatever becomes of it. */
export async function findByItsState(
  context: Needs,
  asked: PendingAsked,
  state: string,
): Promise<UsablePending | undefined> {
  const { db, vault } = context
  const look = () => findUsable(db, keyOfPending(context, asked), vault.hashes(state))
  return (await look()) ?? ((await vault.refreshPeppers()) ? look() : undefined)
}

function keyOfPending({ vault }: Pick<Context, 'vault'>, asked: PendingAsked): PendingKey {
  const { principal, element, authentication, instanceId, connect } = asked
  return {
    organizationId: principal.organizationId,
    userId: principal.user.id,
    elementId: element.id,
    authenticationType: keyOf(authentication),
    instanceId,
    connect: connect && {
      sessionId: connect.sessionId,
      browserHashes: vault.hashes(connect.browser),
    },
  }
}
