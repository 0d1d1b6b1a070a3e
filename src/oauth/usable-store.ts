import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'
import { consentEntry, type PendingRecord, pendingColumns } from './store.ts'

/** Whose consent may be used, and for what. */
export interface PendingKey {
  organizationId: number
  userId: number
  elementId: number
  authenticationType: string
  /** The one that is connected anew. */
  instanceId: number | undefined
  /** That of our own page, where it took the redirect. */
  connect: { sessionId: number; browserHashes: Buffer[] } | undefined
}

export interface UsablePending extends PendingRecord {
  origins: string[]
  sealed: string
  expiresAt: Date
}

// All that has to fit stands in the condition, so that nothing tells what did not.
const usableText = (which: string) => `
    select ${pendingColumns}, s.origins, s.sealed, a.expires_at as "expiresAt"
    from authorizations a
    join secrets s on s.organization_id = $1 and s.owner = 'authorization/' || a.id
      and s.entry = '${consentEntry}' and s.secret_version = 1
    where a.organization_id = $1 and a.user_id = $2 and a.element_id = $3
      and a.authentication_type = $4 and a.expires_at > now()
      and (a.instance_id is null or a.instance_id = $5::bigint)
      and a.connect_session_id is not distinct from $6::bigint
      and (a.browser_hash is null or a.browser_hash = any($7::bytea[]))
      and ${which}
    order by a.created_at desc, a.id desc limit 2`

const byStateStatement = {
  name: 'find-usable-authorization',
  text: usableText('a.state_hash = any($8::bytea[])'),
}
const statelessStatement = {
  name: 'find-stateless-authorizations',
  text: usableText(`a.callback_url = coalesce($8, a.callback_url) and not exists (
      select from authorizations later
      where later.organization_id = $1 and later.user_id = $2 and later.element_id = $3
        and later.authentication_type = $4 and later.callback_url = a.callback_url
        and later.connect_session_id is not distinct from $6::bigint
        and (later.instance_id is null or later.instance_id = $5::bigint)
        and (later.created_at, later.id) > (a.created_at, a.id)
    )`),
}

/** The latest one of that state. */
export async function findUsable(
  db: Pick<Db, 'pool'>,
  key: PendingKey,
  stateHashes: Buffer[],
): Promise<UsablePending | undefined> {
  const [row] = await findAll(db, byStateStatement, key, stateHashes)
  return row
}

/** The latest one of each callback, or of that callback; at most two. */
export function findStateless(
  db: Pick<Db, 'pool'>,
  key: PendingKey,
  callbackUrl: string | undefined,
): Promise<UsablePending[]> {
  return findAll(db, statelessStatement, key, callbackUrl ?? null)
}

function findAll(
  { pool }: Pick<Db, 'pool'>,
  statement: { name: string; text: string },
  key: PendingKey,
  which: Buffer[] | string | null,
): Promise<(UsablePending & pg.QueryResultRow)[]> {
  return prepared<UsablePending & pg.QueryResultRow>(pool, statement, [
    key.organizationId,
    key.userId,
    key.elementId,
    key.authenticationType,
    key.instanceId ?? null,
    key.connect?.sessionId ?? null,
    key.connect?.browserHashes ?? [],
    which,
  ])
}
