import type { Context } from '../context.ts'
import { readForms, showForms } from './form.ts'
import type { ConnectPage, ConnectState } from './page-schema.ts'
import { readPreset } from './preset.ts'
import { endSession, findOpenSession } from './progress-store.ts'
import { isFinal, isOver, type OpenSession } from './session.ts'

/** What the page asks for; once the session is over, nothing. */
export async function showPage(
  context: Pick<Context, 'db' | 'vault' | 'elements'>,
  session: OpenSession,
): Promise<ConnectPage> {
  const forms = isOver(session)
    ? []
    : await readForms(context, session, await readPreset(context, session))
  return {
    ...showState(session),
    expiresAt: session.expiresAt.toISOString(),
    reconnects: session.reconnects,
    appearance: session.request.appearance ?? {},
    elements: showForms(forms),
  }
}

export function showState(session: OpenSession): ConnectState {
  const { id, allowedOrigin, statusReason } = session
  const status = isOver(session) && !isFinal(session) ? 'cancelled' : session.status
  const returnUrl = session.returnUrl === null ? null : withStatus(session.returnUrl, id, status)
  return { id, status, statusReason, allowedOrigin, returnUrl }
}

/** As the client app would have done it. What is over stays as it is. */
export async function cancelByCustomer(
  { db }: Pick<Context, 'db'>,
  session: OpenSession,
): Promise<ConnectState> {
  await endSession(db, session, 'cancelled', 'The customer called it off.')
  const now = await findOpenSession(db, session.organizationId, { id: session.id })
  return showState(now ?? session)
}

function withStatus(returnUrl: string, id: number, status: string): string {
  const url = new URL(returnUrl)
  url.searchParams.set('session', String(id))
  url.searchParams.set('status', status)
  return url.href
}
