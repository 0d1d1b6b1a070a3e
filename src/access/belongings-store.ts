import { type RawBuilder, sql } from 'kysely'
import type { Deed } from '../audit/entry.ts'
import type { Db } from '../database/database.ts'

type Queries = Pick<Db, 'kysely'>

interface UserKey {
  organizationId: number
  userId: number
}

/** A kind of things that users have. */
export interface Belonging {
  table: string
  /** What tells one from the others of the organization. */
  key: string[]
  /** Its secrets are those of the owner `<owner>/<id>`. */
  owner?: string
  /** What the audit calls it; what is not told there passes to nobody. */
  audited?: { kind: string; detail: string | undefined }
}

/** In the order in which they can go: what refers to others before those. */
export const belongings: Belonging[] = [
  { table: 'authorizations', key: ['id'], owner: 'authorization' },
  { table: 'connect_sessions', key: ['id'], owner: 'connect-session' },
  { table: 'calls', key: ['id'], owner: 'call' },
  { table: 'idempotency_claims', key: ['user_id', 'route', 'key'] },
  {
    table: 'instances',
    key: ['id'],
    owner: 'instance',
    audited: { kind: 'instance', detail: undefined },
  },
  {
    table: 'oauth_apps',
    key: ['id'],
    owner: 'oauth-app',
    audited: { kind: 'oauth-app', detail: 'oauthAppId' },
  },
  {
    table: 'certificates',
    key: ['id'],
    owner: 'certificate',
    audited: { kind: 'certificate', detail: 'certificateId' },
  },
  {
    table: 'shared_limits',
    key: ['id'],
    audited: { kind: 'shared-limit', detail: 'sharedLimitId' },
  },
]

/**
 * Deletes some with their secrets, each with an entry in the audit; rejects with a violated foreign
 * key where somebody else uses one.
 * @returns how many went, `limit` at most
 */
export async function deleteBelongings(
  db: Queries,
  belonging: Belonging,
  asked: UserKey & { deed: Omit<Deed, 'organizationId'>; limit: number },
): Promise<number> {
  const { table, key, owner } = belonging
  const { organizationId, userId, limit } = asked
  const columns = key.map((column) => sql.ref(column))
  const same = key.map(
    (column) => sql`${sql.ref(`${table}.${column}`)} = ${sql.ref(`doomed.${column}`)}`,
  )
  const { rows } = await sql<{ count: number }>`
    with doomed as (
      select ${sql.join(columns)} from ${sql.table(table)}
      where organization_id = ${organizationId} and user_id = ${userId}
      order by ${sql.join(columns)} limit ${limit}
    ), gone as (
      delete from ${sql.table(table)} using doomed
      where ${sql.ref(`${table}.organization_id`)} = ${organizationId}
        and ${sql.join(same, sql` and `)}
      returning ${sql.ref(`${table}.${key[0]!}`)} as id
    )${owner ? secretsOf(owner, organizationId) : sql``}${entries(belonging, 'deleted', asked)}
    select count(*) as count from gone`.execute(db.kysely)
  return rows[0]!.count
}

/** They keep their ids, tokens and sealed secrets; another user has them from then on. */
export async function passOn(
  db: Queries,
  belonging: Belonging,
  asked: UserKey & { deed: Omit<Deed, 'organizationId'>; limit: number; to: number },
): Promise<number> {
  const { organizationId, userId, limit, to } = asked
  const table = sql.table(belonging.table)
  const { rows } = await sql<{ count: number }>`
    with passed as (
      select id from ${table}
      where organization_id = ${organizationId} and user_id = ${userId} order by id limit ${limit}
    ), gone as (
      update ${table} set user_id = ${to} from passed
      where ${sql.ref(`${belonging.table}.organization_id`)} = ${organizationId}
        and ${sql.ref(`${belonging.table}.id`)} = passed.id
      returning passed.id
    )${entries(belonging, 'reassigned', asked, to)}
    select count(*) as count from gone`.execute(db.kysely)
  return rows[0]!.count
}

function secretsOf(owner: string, organizationId: number): RawBuilder<unknown> {
  return sql`, unsealed as (
      delete from secrets using gone
      where secrets.organization_id = ${organizationId}
        and secrets.owner = ${`${owner}/`}::text || gone.id
    )`
}

function entries(
  { audited }: Belonging,
  action: string,
  { organizationId, deed }: { organizationId: number; deed: Omit<Deed, 'organizationId'> },
  ownerId: number | null = null,
): RawBuilder<unknown> {
  if (!audited) return sql``
  const { kind, detail } = audited
  const { actor = 'user', userId, requestId, address } = deed
  return sql`, entries as (
      insert into audit_entries (organization_id, actor, user_id, owner_id, action, instance_id,
        request_id, address, detail)
      select ${organizationId}, ${actor}, ${userId}, nullif(${ownerId}::bigint, ${userId}::bigint),
        ${`${kind}.${action}`}, ${kind === 'instance' ? sql`id` : null}, ${requestId}, ${address},
        ${detail ? sql`jsonb_build_object(${detail}::text, id)` : sql`'{}'::jsonb`}
      from gone
    )`
}
