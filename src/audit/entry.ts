import type { Db } from '../database/database.ts'

/** Who does something, from where, and in which request. */
export interface Deed {
  organizationId: number
  /** Left out: a user. The operator and the service itself have no `userId`. */
  actor?: 'user' | 'operator' | 'service'
  userId: number | null
  requestId: string
  /** From where; null where nobody called. */
  address: string | null
}

/** What it was done to. */
export interface Subject {
  instanceId?: number
  /** Whose it is: told too of what others do to it. */
  ownerId?: number | null
  /** What else a reader needs, such as ids of other things: never a secret, a name or an address. */
  detail?: Record<string, string | number | boolean | null>
}

/**
 * Says in the audit what the transaction `db` does, such as `certificate.deleted`: both are
 * committed, or neither.
 */
export async function insertAuditEntry(
  db: Pick<Db, 'kysely'>,
  deed: Deed,
  action: string,
  { instanceId, ownerId, detail }: Subject = {},
) {
  const { organizationId, actor = 'user', userId, requestId, address } = deed
  await db.kysely
    .insertInto('auditEntries')
    .values({
      organizationId,
      actor,
      userId,
      ownerId: ownerId === userId ? null : (ownerId ?? null),
      action,
      instanceId: instanceId ?? null,
      requestId,
      address,
      detail: JSON.stringify(detail ?? {}),
    })
    .execute()
}
