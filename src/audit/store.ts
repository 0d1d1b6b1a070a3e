import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../database/database.ts'
import type { Moment } from './page.ts'

/** An entry as it is stored. */
export interface EntryRecord {
  id: number
  at: Date
  actor: 'user' | 'operator' | 'service'
  userId: number | null
  ownerId: number | null
  action: string
  instanceId: number | null
  requestId: string
  address: string | null
  detail: Record<string, unknown>
}

/** What is looked for; all of it must hold. */
export interface AuditFilters {
  instanceId?: number | undefined
  userId?: number | undefined
  action?: string | undefined
  requestId?: string | undefined
  /** The first moment, and the one after the last. */
  from?: Date | undefined
  to?: Date | undefined
}

export interface AuditQuestion {
  organizationId: number
  filters: AuditFilters
  /** Only what this user did, and what others did to what is theirs; left out: everything. */
  readerId?: number | undefined
  before?: Moment | undefined
  limit: number
}

/** The latest first. */
export async function listEntries(
  { kysely }: Pick<Db, 'kysely'>,
  question: AuditQuestion,
): Promise<EntryRecord[]> {
  return (await entriesQuery(question).execute(kysely)).rows
}

/** Each part reads from an index as many entries as are asked for, however many there are. */
export function entriesQuery({
  organizationId,
  filters,
  readerId,
  before,
  limit,
}: AuditQuestion): RawBuilder<EntryRecord> {
  const { instanceId, userId, action, requestId, from, to } = filters
  // One end alone: an index would begin at either of two, and walk to the other.
  const end = to && !(before && before.at < to) ? { at: to, id: 0 } : before
  const common = [
    sql`organization_id = ${organizationId}`,
    instanceId !== undefined && sql`instance_id = ${instanceId}`,
    userId !== undefined && sql`user_id = ${userId}`,
    action !== undefined && sql`action = ${action}`,
    requestId !== undefined && sql`request_id = ${requestId}`,
    from && sql`at >= ${from}`,
    end && sql`(at, id) < (${end.at}, ${end.id})`,
  ].filter((condition) => condition !== undefined && condition !== false)
  const part = (...more: RawBuilder<unknown>[]) => sql<EntryRecord>`
    (select id, at, actor, user_id, owner_id, action, instance_id, request_id, address, detail
    from audit_entries where ${sql.join([...common, ...more], sql` and `)}
    order by at desc, id desc limit ${limit})`
  if (readerId === undefined) return part()
  return sql<EntryRecord>`
    ${part(sql`user_id = ${readerId}`)} union all ${part(sql`owner_id = ${readerId}`)}
    order by at desc, id desc limit ${limit}`
}
