import { keyOf } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { readRedirect } from '../oauth/redirect.ts'
import { findByState, type PendingState } from '../oauth/state.ts'
import { concealPreset, textsOf } from './conceal.ts'
import { connectNow } from './connect.ts'
import { type BrowserMark, readCookie } from './cookie.ts'
import { explainConsent } from './explain.ts'
import { calledOff, overRefusal, publicIdOf } from './link.ts'
import type { Notice } from './notice.ts'
import { presetFor, readPreset } from './preset.ts'
import { findOpenSession } from './progress-store.ts'
import { isOver, type OpenSession } from './session.ts'

/** A browser that comes back from a vendor's page. */
export interface Return {
  query: Record<string, unknown>
  cookie: string | undefined
  base: string
  requestId: string
  address: string
  note(known: { organizationId?: number; instanceId?: number; elementKey?: string }): void
}

export interface Landing {
  notice: Notice
  connected: boolean
  /** Whose cookie is done with. */
  state?: string
}

/** The same whatever does not fit: nobody learns which. */
const strange: Landing = {
  connected: false,
  notice: {
    title: 'Not connected',
    message:
      'This page was opened without a connection under way in this browser. Go back to where you began, and begin again.',
  },
}

/**
 * Takes a vendor's redirect (RFC 6749, section 4.1.2; RFC 5849, section 2.2): what it says is
 * exchanged and tried, whether or not the browser waits for it.
 */
export async function land(context: Context, returned: Return): Promise<Landing> {
  const state = returned.query.state
  const parameters = readParameters(returned.query)
  if (typeof state !== 'string' || !parameters) return strange
  const mark = readCookie(returned.base, state, returned.cookie)
  const pending = mark && (await findByState(context, state))
  if (!pending || pending.connectSessionId === null || !pending.isOf(mark.browser)) return strange
  const { organizationId, connectSessionId: id } = pending
  const session = await findOpenSession(context.db, organizationId, { id })
  if (!session) return strange
  returned.note({ organizationId })
  const leading = {
    back: mark.place === 'tab' ? `../connect/${publicIdOf(context.vault, session)}` : undefined,
    closes: mark.place === 'window',
  }
  try {
    if (isOver(session)) throw overRefusal(session)
    await finish(context, returned, { session, pending, mark, parameters })
    const message = 'The connection works. You can go on where you began.'
    return { state, connected: true, notice: { title: 'Connected', message, ...leading } }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { message, providerMessage: detail } = error.details
    const notice = { title: 'Not connected', message, detail, ...leading }
    return { state, connected: false, notice }
  }
}

async function finish(
  context: Context,
  { requestId, address, note }: Return,
  taken: {
    session: OpenSession
    pending: PendingState
    mark: BrowserMark
    parameters: Record<string, string>
  },
) {
  const { session, pending, mark, parameters } = taken
  const { organizationId } = session
  const known = await context.elements.find(organizationId, String(pending.elementId))
  const element = known?.element
  const authentication = element?.authentications.find(
    (one) => keyOf(one) === pending.authenticationType,
  )
  if (!element || !authentication) throw overRefusal(calledOff)
  const set = presetFor(element, await readPreset(context, session))
  await connectNow(context, session, {
    element,
    authenticationType: pending.authenticationType,
    configuration: {},
    consent: { providerData: parameters, browser: mark.browser },
    requestId,
    address,
    note,
    conceal: (refusal) =>
      concealPreset(
        explainConsent(element, refusal, errorIn(parameters)),
        textsOf(element, authentication, set),
      ),
  })
}

/** Undefined also where the redirect cannot be read, which is the refusal then. */
function errorIn(parameters: Record<string, string>): string | undefined {
  try {
    return readRedirect(parameters).error
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}

/** RFC 6749, section 3.1: none of them more than once. */
function readParameters(query: Record<string, unknown>): Record<string, string> | undefined {
  const entries = Object.entries(query)
  if (!entries.every(([, value]) => typeof value === 'string')) return undefined
  return Object.fromEntries(entries as [string, string][])
}
