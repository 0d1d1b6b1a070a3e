import type { Principal } from '../access/store.ts'
import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { cutPage, type Page } from '../http/paging.ts'
import { getInstance } from '../instances/find.ts'
import { cancelOpenSession } from './progress-store.ts'
import type { ConnectSession } from './schema.ts'
import type { SessionRecord } from './session.ts'
import { showSession } from './show.ts'
import { findSession, listSessions } from './store.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements'>

/**
 * The session, and the instance with its token once there is one.
 * @throws {Refusal} `connect-session-not-found` where it is not there or not the caller's
 */
export async function getSession(
  context: Needs,
  principal: Principal,
  id: number,
): Promise<ConnectSession> {
  const record = await requireSession(context, principal, id)
  const { status, instanceId } = record
  if (status !== 'succeeded' || instanceId === null) return showSession(record)
  const { instance } = await getInstance(context, principal, instanceId)
  return showSession(record, instance)
}

/** Own ones, without their instances. */
export async function listPage(
  { db }: Pick<Context, 'db'>,
  { organizationId, user }: Principal,
  page: Page,
  externalId: string | undefined,
) {
  const limit = page.pageSize + 1
  const { after } = page
  const found = await listSessions(db, {
    organizationId,
    userId: user.id,
    after,
    externalId,
    limit,
  })
  const { items, headers } = cutPage(found, page)
  return { sessions: items.map((record) => showSession(record)), headers }
}

/**
 * Ends a session that is not over: its link and its page do nothing any more.
 * @throws {Refusal} `connect-session-not-found`, `connect-session-over`
 */
export async function cancelSession(
  context: Needs,
  principal: Principal,
  id: number,
  deed: Deed,
): Promise<ConnectSession> {
  const record = await requireSession(context, principal, id)
  if (record.status === 'cancelled') return showSession(record)
  const cancelled = await transaction(context.db, async (tx) => {
    if (!(await cancelOpenSession(tx, record))) return false
    const detail = { connectSessionId: id }
    await insertAuditEntry(tx, deed, 'connect-session.cancelled', { detail })
    return true
  })
  if (cancelled) return getSession(context, principal, id)
  throw new Refusal(
    'connect-session-over',
    'The session has ended already. See its status with GET /connect-sessions/{id}.',
  )
}

async function requireSession(
  { db }: Pick<Context, 'db'>,
  { organizationId, user }: Principal,
  id: number,
): Promise<SessionRecord> {
  const found = await findSession(db, { organizationId, id, userId: user.id })
  if (found) return found
  throw new Refusal(
    'connect-session-not-found',
    `You have no connect session with the id ${id}. Check the id, and whose secrets you sent.`,
  )
}
