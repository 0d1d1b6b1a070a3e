import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'
import type { Sealed } from '../vault/vault.ts'
import { presetEntry, type SessionRecord } from './session.ts'

type Queries = Pick<Db, 'pool'>

export interface SessionKey {
  organizationId: number
  id: number
}

export interface TokenHash {
  hash: Buffer
  pepperId: number
}

export const columns = `s.organization_id as "organizationId", s.id, s.user_id as "userId", s.elements,
  s.element_id as "elementId", s.instance_id as "instanceId", s.reconnects, s.request,
  s.external_id as "externalId", s.allowed_origin as "allowedOrigin", s.return_url as "returnUrl",
  case when s.status in ('pending', 'opened') and s.expires_at <= now() then 'expired'
    else s.status end as status,
  s.status_reason as "statusReason", s.attempts, s.created_at as "createdAt",
  s.expires_at as "expiresAt",
  case when s.status in ('pending', 'opened') and s.expires_at <= now() then s.expires_at
    else s.finished_at end as "finishedAt"`

const insertText = (preset: boolean) => `
    with session as (
      insert into connect_sessions as s (organization_id, id, user_id, elements, instance_id,
        reconnects, request, external_id, allowed_origin, return_url, link_hash, pepper_id,
        expires_at)
      values ($1, $2, $3, $4, $5::bigint, $5::bigint is not null, $6, $7, $8, $9, $10, $11,
        now() + make_interval(secs => $12))
      returning ${columns}
    ), ${
      preset
        ? `preset as (
      insert into secrets (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
      select $1, 'connect-session/' || $2::bigint, '${presetEntry}', 1, $15, $16, $17 from session
    ),`
        : ''
    } audit as (
      insert into audit_entries
        (organization_id, user_id, action, instance_id, request_id, address, detail)
      select $1, $3, 'connect-session.created', $5, $13, $14,
        jsonb_build_object('connectSessionId', $2::bigint)
      from session
    )
    select * from session`

const insertStatements = [false, true].map((preset) => ({
  name: `insert-connect-session${preset ? '-preset' : ''}`,
  text: insertText(preset),
}))

/** Session, what was set beforehand, and audit entry: all of them or none. */
export async function insertSession(
  { pool }: Queries,
  given: Pick<
    SessionRecord,
    | 'organizationId'
    | 'id'
    | 'userId'
    | 'elements'
    | 'instanceId'
    | 'request'
    | 'externalId'
    | 'allowedOrigin'
    | 'returnUrl'
  > & {
    link: TokenHash
    lifetimeSeconds: number
    requestId: string
    address: string
    preset: (Sealed & { origins: readonly string[] }) | undefined
  },
): Promise<SessionRecord> {
  const { link, preset } = given
  const values: unknown[] = [
    given.organizationId,
    given.id,
    given.userId,
    JSON.stringify(given.elements),
    given.instanceId,
    JSON.stringify(given.request),
    given.externalId,
    given.allowedOrigin,
    given.returnUrl,
    link.hash,
    link.pepperId,
    given.lifetimeSeconds,
    given.requestId,
    given.address,
  ]
  if (preset) values.push(preset.origins, preset.dataKeyId, preset.sealed)
  const statement = insertStatements[preset ? 1 : 0]!
  const [row] = await prepared<SessionRecord & pg.QueryResultRow>(pool, statement, values)
  return row!
}

const findStatement = {
  name: 'find-connect-session',
  text: `select ${columns} from connect_sessions s
    where s.organization_id = $1 and s.id = $2 and s.user_id = $3`,
}

export async function findSession(
  { pool }: Queries,
  { organizationId, id, userId }: SessionKey & { userId: number },
): Promise<SessionRecord | undefined> {
  const values = [organizationId, id, userId]
  const [row] = await prepared<SessionRecord & pg.QueryResultRow>(pool, findStatement, values)
  return row
}

const listStatement = {
  name: 'list-connect-sessions',
  text: `select ${columns} from connect_sessions s
    where s.organization_id = $1 and s.user_id = $2 and s.id > $3
      and ($4::text is null or s.external_id = $4)
    order by s.id limit $5`,
}

/** In the order of their ids. */
export function listSessions(
  { pool }: Queries,
  asked: {
    organizationId: number
    userId: number
    after: number
    externalId: string | undefined
    limit: number
  },
): Promise<(SessionRecord & pg.QueryResultRow)[]> {
  const { organizationId, userId, after, externalId, limit } = asked
  const values = [organizationId, userId, after, externalId ?? null, limit]
  return prepared<SessionRecord & pg.QueryResultRow>(pool, listStatement, values)
}

const sweepStatement = {
  name: 'sweep-connect-sessions',
  text: `
    delete from connect_sessions using (
      select id from connect_sessions
      where organization_id = $1 and expires_at < now() - make_interval(secs => $2)
      order by expires_at limit $3 for update skip locked
    ) old
    where organization_id = $1 and connect_sessions.id = old.id`,
}

/** Removes what has been over for so long, at most `limit` at once. */
export async function sweepSessions(
  { pool }: Queries,
  asked: { organizationId: number; keptSeconds: number; limit: number },
) {
  await prepared(pool, sweepStatement, [asked.organizationId, asked.keptSeconds, asked.limit])
}
