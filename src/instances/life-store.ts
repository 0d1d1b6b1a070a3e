import { sql } from 'kysely'
import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import { type Db, transaction } from '../database/database.ts'
import { listReferences, lockInstances, type StoredReference } from './references-store.ts'
import { type InstanceTimes, ownerOf } from './store.ts'

/** An instance as it was read. */
interface Seen {
  organizationId: number
  id: number
  userId: number
  revision: number
}

/**
 * Deletes an instance with all that belongs to it: secrets, tokens, consents under way.
 * @returns false where somebody else changed or deleted it since, and what uses it, where anything
 *   does: then it stays
 */
export function deleteInstance(
  db: Db,
  seen: Seen,
  deed: Deed,
): Promise<boolean | StoredReference[]> {
  const { organizationId, id, userId: ownerId, revision } = seen
  return transaction(db, async (tx) => {
    // Whoever says meanwhile that he uses it waits, and finds it gone.
    await lockInstances(tx, organizationId, [id])
    const references = await listReferences(tx, seen)
    if (references.length > 0) return references
    // Their rows go with the instance, their secrets do not.
    const { rows: consents } = await sql<{ id: number }>`
      select id from authorizations
      where organization_id = ${organizationId} and instance_id = ${id}`.execute(tx.kysely)
    const { numAffectedRows } = await sql`
      delete from instances
      where organization_id = ${organizationId} and id = ${id} and revision = ${revision}`.execute(
      tx.kysely,
    )
    if (!numAffectedRows) return false
    const owners = [ownerOf(id), ...consents.map((consent) => `authorization/${consent.id}`)]
    await tx.kysely
      .deleteFrom('secrets')
      .where('organizationId', '=', organizationId)
      .where('owner', 'in', owners)
      .execute()
    await insertAuditEntry(tx, deed, 'instance.deleted', { instanceId: id, ownerId })
    return true
  })
}

type Switched = InstanceTimes & { revision: number; disabled: boolean }

/**
 * Enables or disables an instance.
 * @returns undefined where somebody else changed or deleted it since
 */
export function switchInstance(
  db: Db,
  { organizationId, id, userId: ownerId, revision }: Seen,
  disabled: boolean,
  deed: Deed,
  alongside: (tx: Db) => Promise<void>,
): Promise<Switched | undefined> {
  return transaction(db, async (tx) => {
    const { rows } = await sql<Switched>`
      update instances
      set disabled = ${disabled}, moved_at = null, revision = revision + 1, updated_at = now()
      where organization_id = ${organizationId} and id = ${id} and revision = ${revision}
      returning disabled, revision, created_at, updated_at, state_since, verified_at,
        last_check`.execute(tx.kysely)
    const [switched] = rows
    if (!switched) return undefined
    const action = disabled ? 'instance.disabled' : 'instance.enabled'
    await insertAuditEntry(tx, deed, action, { instanceId: id, ownerId })
    await alongside(tx)
    return switched
  })
}
