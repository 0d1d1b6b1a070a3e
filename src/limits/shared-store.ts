import { type ExpressionBuilder, sql } from 'kysely'
import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import { type Db, transaction } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import { type SharedKind, sharedKinds } from './shared-kind.ts'

/** At most `amount` calls started in any such time. */
export interface Window {
  amount: number
  unit: 'second' | 'minute' | 'hour' | 'day'
  /** How many units; 1. */
  every?: number | undefined
}

export interface PoolTerms {
  /** Calls in flight at once. */
  limit: number
  /** Seconds that a call waits for its turn at most. */
  waitTimeout: number
  /** Seconds that a call is in flight at most. */
  holdTimeout: number
}

export interface SharedTerms {
  'rate-limit': { windows: Window[] }
  'connection-pool': PoolTerms
}

export interface SharedKey {
  organizationId: number
  kind: SharedKind
  id: number
}

/** As it is stored. */
export interface SharedRecord<Kind extends SharedKind = SharedKind> extends SharedKey {
  kind: Kind
  userId: number
  name: string
  shared: boolean
  terms: SharedTerms[Kind]
  /** Counts its changes. */
  revision: number
  createdAt: Date
  updatedAt: Date
}

/** With who made it, and how many instances name it. */
export interface KnownShared<Kind extends SharedKind = SharedKind> extends SharedRecord<Kind> {
  emailAddress: string
  firstName: string
  lastName: string
  instances: number
}

export interface SharedContent<Kind extends SharedKind = SharedKind> {
  name: string
  shared: boolean
  terms: SharedTerms[Kind]
}

export function insertShared(
  db: Db,
  { kind, userId, ...content }: SharedContent & { kind: SharedKind; userId: number },
  deed: Deed,
): Promise<number> {
  const { organizationId } = deed
  return transaction(db, async (tx) => {
    const { id } = await tx.kysely
      .insertInto('sharedLimits')
      .values({ organizationId, kind, userId, ...content, terms: JSON.stringify(content.terms) })
      .returning('id')
      .executeTakeFirstOrThrow()
    await tell(tx, { organizationId, kind, id, userId }, 'created', deed)
    return id
  })
}

/** @returns false where someone else changed it since `revision`, or deleted it */
export function updateShared(
  db: Db,
  found: Pick<SharedRecord, 'organizationId' | 'kind' | 'id' | 'userId' | 'revision'>,
  { name, shared, terms }: SharedContent,
  deed: Deed,
): Promise<boolean> {
  return transaction(db, async (tx) => {
    const updated = await tx.kysely
      .updateTable('sharedLimits')
      .set({
        name,
        shared,
        terms: JSON.stringify(terms),
        revision: found.revision + 1,
        updatedAt: sql<Date>`now()`,
      })
      .where((eb) => isIt(eb, found))
      .where('revision', '=', found.revision)
      .executeTakeFirst()
    if (updated.numUpdatedRows === 0n) return false
    await tell(tx, found, 'replaced', deed)
    return true
  })
}

/**
 * Rejects with a violated foreign key where an instance names it.
 * @returns false where it was not there any more
 */
export function deleteShared(db: Db, key: SharedKey, deed: Deed): Promise<boolean> {
  return transaction(db, async (tx) => {
    const deleted = await tx.kysely
      .deleteFrom('sharedLimits')
      .where((eb) => isIt(eb, key))
      .returning('userId')
      .executeTakeFirst()
    if (!deleted) return false
    await tell(tx, { ...key, ...deleted }, 'deleted', deed)
    return true
  })
}

export async function findShared<Kind extends SharedKind>(
  db: Db,
  key: SharedKey & { kind: Kind },
): Promise<KnownShared<Kind> | undefined> {
  const found = await known(db, key).where('sharedLimits.id', '=', key.id).executeTakeFirst()
  return found as KnownShared<Kind> | undefined
}

/** In the order of their ids: all of the organization, or what `userId` may use. */
export async function listShared<Kind extends SharedKind>(
  db: Db,
  asked: {
    organizationId: number
    kind: Kind
    userId: number | undefined
    after: number
    limit: number
  },
): Promise<KnownShared<Kind>[]> {
  const { userId, after, limit } = asked
  const found = await known(db, asked)
    .where('sharedLimits.id', '>', after)
    .$if(userId !== undefined, (all) =>
      all.where(({ or, eb }) =>
        or([eb('sharedLimits.shared', '=', true), eb('sharedLimits.userId', '=', userId!)]),
      ),
    )
    .orderBy('sharedLimits.id')
    .limit(limit)
    .execute()
  return found as KnownShared<Kind>[]
}

export interface SharedUse {
  id: number
  name: string
  userId: number
}

/** The instances that name it, so many at most, without those of the user `except`. */
export async function listUses(
  db: Db,
  { organizationId, kind, id }: SharedKey,
  { limit, except = null }: { limit: number; except?: number | null },
): Promise<SharedUse[]> {
  const { rows } = await sql<SharedUse>`
    select i.id, i.name, i.user_id from instances i
    where i.organization_id = ${organizationId} and ${namedBy(kind)} = ${id}
      and i.user_id is distinct from ${except}::bigint
    order by i.id limit ${limit}`.execute(db.kysely)
  return rows
}

function known(db: Db, { organizationId, kind }: Omit<SharedKey, 'id'>) {
  return db.kysely
    .selectFrom('sharedLimits')
    .innerJoin('users', (join) =>
      join
        .on('users.organizationId', '=', organizationId)
        .onRef('users.id', '=', 'sharedLimits.userId'),
    )
    .selectAll('sharedLimits')
    .select(['users.email as emailAddress', 'users.firstName', 'users.lastName'])
    .select(
      sql<number>`(
        select count(*) from instances i
        where i.organization_id = ${organizationId} and ${namedBy(kind)} = shared_limits.id
      )`.as('instances'),
    )
    .where('sharedLimits.organizationId', '=', organizationId)
    .where('sharedLimits.kind', '=', kind)
}

function namedBy(kind: SharedKind) {
  return sql.ref(`i.${sharedKinds[kind].column}`)
}

function isIt(
  eb: ExpressionBuilder<Tables, 'sharedLimits'>,
  { organizationId, kind, id }: SharedKey,
) {
  return eb.and({ organizationId, kind, id })
}

function tell(
  db: Db,
  { kind, id, userId: ownerId }: SharedKey & { userId: number },
  what: 'created' | 'replaced' | 'deleted',
  deed: Deed,
) {
  const detail = { sharedLimitId: id, kind }
  return insertAuditEntry(db, deed, `shared-limit.${what}`, { ownerId, detail })
}
