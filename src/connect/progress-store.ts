import { sql } from 'kysely'
import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'
import { maxAttempts, type OpenSession } from './session.ts'
import { columns, type SessionKey, type TokenHash } from './store.ts'

type Queries = Pick<Db, 'pool'>

const openStatement = {
  name: 'open-connect-session',
  text: `update connect_sessions
    set status = 'opened', page_hash = $3, pepper_id = least(pepper_id, $4)
    where organization_id = $1 and link_hash = any($2::bytea[]) and status = 'pending'
      and expires_at > now()
    returning id`,
}

/** Uses a link up: the page has a key from then on. Undefined for a link that opens nothing. */
export async function openByLink(
  { pool }: Queries,
  asked: { organizationId: number; linkHashes: Buffer[]; page: TokenHash },
): Promise<number | undefined> {
  const { organizationId, linkHashes, page } = asked
  const values = [organizationId, linkHashes, page.hash, page.pepperId]
  const [row] = await prepared<{ id: number }>(pool, openStatement, values)
  return row?.id
}

const openSessionText = (condition: string) => `
  select ${columns}, u.active and a.active and o.disabled_at is null as permitted,
    json_build_object('id', u.id, 'emailAddress', u.email, 'firstName', u.first_name,
      'lastName', u.last_name, 'role', u.role) as user
  from connect_sessions s
  join users u on u.organization_id = $1 and u.id = s.user_id
  join accounts a on a.organization_id = $1 and a.id = u.account_id
  join organizations o on o.organization_id = $1
  where s.organization_id = $1 and ${condition}`

const openStatements = {
  id: { name: 'find-open-connect-session', text: openSessionText('s.id = $2') },
  link: {
    name: 'find-connect-session-by-link',
    text: openSessionText('s.link_hash = any($2::bytea[])'),
  },
  page: {
    name: 'find-connect-session-by-page',
    text: openSessionText('s.page_hash = any($2::bytea[])'),
  },
}

/** By its id, or by the hashes of its link or of its page's key. */
export async function findOpenSession(
  { pool }: Queries,
  organizationId: number,
  by: { id?: number; link?: Buffer[]; page?: Buffer[] },
): Promise<OpenSession | undefined> {
  const name = by.link ? 'link' : by.page ? 'page' : 'id'
  const values = [organizationId, by.link ?? by.page ?? by.id]
  const statement = openStatements[name]
  const [row] = await prepared<OpenSession & pg.QueryResultRow>(pool, statement, values)
  return row
}

const attemptStatement = {
  name: 'count-connect-attempt',
  text: `update connect_sessions
    set attempts = attempts + 1, element_id = $3, status_reason = null
    where organization_id = $1 and id = $2 and status = 'opened' and expires_at > now()
      and attempts < ${maxAttempts}
    returning attempts`,
}

/** Whether another attempt may be made. */
export async function countAttempt(
  { pool }: Queries,
  { organizationId, id }: SessionKey,
  elementId: number,
): Promise<boolean> {
  const values = [organizationId, id, elementId]
  return (await prepared(pool, attemptStatement, values)).length > 0
}

const reasonStatement = {
  name: 'note-connect-reason',
  text: `update connect_sessions set status_reason = $3
    where organization_id = $1 and id = $2 and status = 'opened'`,
}

/** Why it is not connected yet, for people. */
export async function noteReason(
  { pool }: Queries,
  { organizationId, id }: SessionKey,
  reason: string,
) {
  await prepared(pool, reasonStatement, [organizationId, id, reason])
}

const endStatement = {
  name: 'end-connect-session',
  text: `update connect_sessions
    set status = $3, status_reason = $4, finished_at = now()
    where organization_id = $1 and id = $2 and status in ('pending', 'opened')
      and expires_at > now()
    returning id`,
}

/** Whether it was not over yet. */
export async function endSession(
  { pool }: Queries,
  { organizationId, id }: SessionKey,
  status: 'succeeded' | 'failed' | 'cancelled',
  reason: string | null,
): Promise<boolean> {
  const values = [organizationId, id, status, reason]
  return (await prepared(pool, endStatement, values)).length > 0
}

/** In the transaction `db`; whether it was not over yet. */
export async function cancelOpenSession(
  { kysely }: Pick<Db, 'kysely'>,
  { organizationId, id }: SessionKey,
): Promise<boolean> {
  const { numUpdatedRows } = await kysely
    .updateTable('connectSessions')
    .set({ status: 'cancelled', statusReason: null, finishedAt: sql<Date>`now()` })
    .where('organizationId', '=', organizationId)
    .where('id', '=', id)
    .where('status', 'in', ['pending', 'opened'])
    .where('expiresAt', '>', sql<Date>`now()`)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}
