import type { Context } from '../context.ts'
import type { Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { Refusal } from '../http/errors.ts'
import { changeInstance } from '../instances/change.ts'
import { type ProvisionRequest, provision } from '../instances/provision.ts'
import { accessFor } from '../tokens/renew.ts'
import { calledOff, overRefusal } from './link.ts'
import { endSession, findOpenSession, noteReason } from './progress-store.ts'
import { isOver, type OpenSession, principalOf } from './session.ts'

/** What is tried in the name of the user who made a session. */
export interface Connecting {
  element: Element
  authenticationType: string
  configuration: Record<string, Scalar>
  /** What the vendor's redirect said, and in which browser. */
  consent?: { providerData: Record<string, string>; browser: string } | undefined
  requestId: string
  address: string
  note: ProvisionRequest['note']
  /** Makes of a refusal what the customer may see. */
  conceal(refusal: Refusal): Refusal
}

/**
 * Provisions what the session is for, or connects its instance anew, and ends the session. A new
 * instance is stored in the very statement that ends the session, or not at all; one that is
 * connected anew stays what it is, whenever the session ends.
 * @throws {Refusal} fit for the customer, with the session open as before, and its reason kept
 */
export async function connectNow(
  context: Context,
  session: OpenSession,
  connecting: Connecting,
): Promise<void> {
  try {
    if (session.reconnects) await reconnect(context, session, connecting)
    else await provisionNew(context, session, connecting)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const shown = connecting.conceal(error)
    await noteReason(context.db, session, shown.details.message)
    throw shown
  }
}

async function provisionNew(context: Context, session: OpenSession, connecting: Connecting) {
  const { name, tags, settings } = session.request
  const { element, requestId, address, note } = connecting
  await provision(context, {
    principal: principalOf(session),
    requestId,
    address,
    keyInPath: undefined,
    note,
    body: {
      element: { id: element.id },
      name: name ?? element.name,
      ...(tags && { tags }),
      ...(settings && { settings }),
      externalId: session.externalId,
      ...bodyOf(session, connecting),
    },
    connect: consentOf(session, connecting),
    session: { id: session.id, over: () => overRefusal(calledOff) },
  })
}

async function reconnect(context: Context, session: OpenSession, connecting: Connecting) {
  const { requestId, address, element, note } = connecting
  const id = session.instanceId!
  note({ instanceId: id, elementKey: element.key })
  await requireOpen(context, session)
  await changeInstance(context, {
    principal: principalOf(session),
    requestId,
    address,
    id,
    keyInPath: undefined,
    ifMatch: undefined,
    access: (asked, key, seen) => accessFor(asked, key, seen),
    manner: 'merge',
    body: bodyOf(session, connecting),
    reAuthenticate: true,
    connect: consentOf(session, connecting),
  })
  if (!(await endSession(context.db, session, 'succeeded', null))) {
    throw overRefusal(
      (await findOpenSession(context.db, session.organizationId, { id: session.id })) ?? calledOff,
    )
  }
}

/** Whoever made it may have called it off, or been shut out, since. */
async function requireOpen({ db }: Pick<Context, 'db'>, session: OpenSession) {
  const now = await findOpenSession(db, session.organizationId, { id: session.id })
  if (!now || isOver(now)) throw overRefusal(now ?? calledOff)
}

function bodyOf({ request, reconnects }: OpenSession, connecting: Connecting) {
  const { authenticationType: type, configuration, consent } = connecting
  const oauthAppId = reconnects ? undefined : request.authentication?.oauthAppId
  return {
    authentication: { type, ...(oauthAppId !== undefined && { oauthAppId }) },
    configuration,
    ...(consent && { providerData: consent.providerData }),
  }
}

function consentOf({ id: sessionId }: OpenSession, { consent }: Connecting) {
  return consent && { sessionId, browser: consent.browser }
}
