import { sql } from 'kysely'
import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import { type Db, transaction } from '../database/database.ts'

/**
 * Gives an instance to another user, with its tokens and sealed secrets as they are.
 * @returns `no-heir` where there is no such active user, and false where somebody else changed or
 *   deleted the instance since
 */
export function changeOwner(
  db: Db,
  seen: { organizationId: number; id: number; userId: number; revision: number },
  to: number,
  deed: Deed,
): Promise<boolean | 'no-heir'> {
  const { organizationId, id, userId: ownerId, revision } = seen
  return transaction(db, async (tx) => {
    // Stays active until the instance is theirs.
    const { rows: heirs } = await sql`
      select from users where organization_id = ${organizationId} and id = ${to} and active
      for share`.execute(tx.kysely)
    if (heirs.length === 0) return 'no-heir'
    const { numAffectedRows } = await sql`
      update instances set user_id = ${to}, revision = revision + 1, updated_at = now()
      where organization_id = ${organizationId} and id = ${id} and user_id = ${ownerId}
        and revision = ${revision}`.execute(tx.kysely)
    if (!numAffectedRows) return false
    const detail = { reassignedTo: to }
    await insertAuditEntry(tx, deed, 'instance.reassigned', { instanceId: id, ownerId, detail })
    return true
  })
}
