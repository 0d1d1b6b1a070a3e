import { sql } from 'kysely'
import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import { type Db, transaction } from '../database/database.ts'

interface InstanceKey {
  organizationId: number
  id: number
}

/** As what the organization's instances are known elsewhere. */
export async function findSource(
  { kysely }: Pick<Db, 'kysely'>,
  organizationId: number,
): Promise<string> {
  const { transferId } = await kysely
    .selectFrom('organizations')
    .select('transferId')
    .where('organizationId', '=', organizationId)
    .executeTakeFirstOrThrow()
  return transferId
}

/**
 * Disables an instance and bars its tokens, until somebody connects it anew: from then on another
 * installation refreshes them. One that has moved before stays as it is.
 * @returns whether somebody had disabled it before; undefined where its tokens are being refreshed
 */
export function moveInstance(
  db: Db,
  { organizationId, id }: InstanceKey,
  reason: string,
  deed: Deed,
  detail: Record<string, string>,
): Promise<{ disabled: boolean } | undefined> {
  return transaction(db, async (tx) => {
    // Before its tokens, as everyone else does who writes both.
    const { rows } = await sql<{ disabled: boolean }>`
      select disabled and moved_at is null as disabled from instances
      where organization_id = ${organizationId} and id = ${id} for no key update`.execute(tx.kysely)
    const { rows: refreshes } = await sql`
      select from oauth_tokens
      where organization_id = ${organizationId} and instance_id = ${id} and lease_until > now()
      for no key update`.execute(tx.kysely)
    if (!rows[0] || refreshes.length > 0) return undefined
    await sql`
      update oauth_tokens
      set problem = 'reconnect-required', holder = null, lease_until = null, retry_at = null
      where organization_id = ${organizationId} and instance_id = ${id}`.execute(tx.kysely)
    await sql`
      update instances
      set disabled = true, moved_at = now(), state_reason = ${reason}, revision = revision + 1,
        updated_at = now(), state = case when state = 'draft' then state else 'failed' end,
        state_since = case when state = 'draft' then state_since else now() end
      where organization_id = ${organizationId} and id = ${id}
        and (moved_at is null or state <> 'failed')
    `.execute(tx.kysely)
    await insertAuditEntry(tx, deed, 'instance.moved', { instanceId: id, detail })
    return rows[0]
  })
}
