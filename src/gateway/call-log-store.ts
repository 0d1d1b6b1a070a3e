import { sql } from 'kysely'
import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import { type Db, transaction } from '../database/database.ts'
import type { LoggedCall } from './call-log-entry.ts'

const maxEntries = 1_000
const maxBytes = 10 * 1024 * 1024

interface InstanceKey {
  organizationId: number
  id: number
}

/**
 * Has the calls through an instance kept for so long from now on; 0 for no longer.
 * @returns until when; undefined where it has gone
 */
export function setCallLog(
  db: Db,
  { organizationId, id }: InstanceKey,
  minutes: number,
  deed: Deed,
): Promise<{ until: Date | null } | undefined> {
  return transaction(db, async (tx) => {
    const { rows } = await sql<{ until: Date | null }>`
      update instances set call_log_until =
        case when ${minutes}::int > 0 then now() + make_interval(mins => ${minutes}::int) end
      where organization_id = ${organizationId} and id = ${id}
      returning call_log_until as until`.execute(tx.kysely)
    const [set] = rows
    if (!set) return undefined
    const action = minutes > 0 ? 'instance.call-log-started' : 'instance.call-log-ended'
    const subject = { instanceId: id, ...(minutes > 0 && { detail: { minutes } }) }
    await insertAuditEntry(tx, deed, action, subject)
    return set
  })
}

/** A call to be kept, rendered. */
export interface KeptCall {
  instanceId: number
  content: string
}

/** Keeps calls of an organization; beyond what an instance may have, the oldest go. */
export async function insertCalls(
  { kysely }: Pick<Db, 'kysely'>,
  organizationId: number,
  calls: readonly KeptCall[],
) {
  const instanceIds = calls.map(({ instanceId }) => instanceId)
  const contents = calls.map(({ content }) => content)
  const sizes = contents.map((content) => Buffer.byteLength(content))
  await sql`
    insert into call_log_entries (organization_id, instance_id, size, content)
    select ${organizationId}, i.id, called.size, called.content::jsonb
    from unnest(${instanceIds}::bigint[], ${sizes}::int[], ${contents}::text[])
      with ordinality as called (instance_id, size, content, place)
    join instances i on i.organization_id = ${organizationId} and i.id = called.instance_id
    order by called.place`.execute(kysely)
  await sql`
    delete from call_log_entries e using (
      select instance_id, id, row_number() over latest as place, sum(size) over latest as total
      from call_log_entries
      where organization_id = ${organizationId} and instance_id = any (${instanceIds}::bigint[])
      window latest as (partition by instance_id order by id desc)
    ) ranked
    where e.organization_id = ${organizationId} and e.instance_id = ranked.instance_id
      and e.id = ranked.id and (place > ${maxEntries} or total > ${maxBytes})`.execute(kysely)
}

/** Those that its owner made, the newest first. @param before the id before which the page begins; 0 for the first page */
export async function listCalls(
  { kysely }: Pick<Db, 'kysely'>,
  { organizationId, id, userId }: InstanceKey & { userId: number },
  { before, limit }: { before: number; limit: number },
): Promise<{ id: number; content: LoggedCall }[]> {
  const { rows } = await sql<{ id: number; content: LoggedCall }>`
    select id, content from call_log_entries
    where organization_id = ${organizationId} and instance_id = ${id}
      -- Of who had it before some may have been written since.
      and (content ->> 'userId')::bigint = ${userId}
      and (${before} = 0 or id < ${before}) and expires_at > now()
    order by id desc limit ${limit}`.execute(kysely)
  return rows
}
