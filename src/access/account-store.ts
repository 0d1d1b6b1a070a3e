import { type Insertable, sql, type Updateable } from 'kysely'
import type { Db } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'

export interface AccountKey {
  organizationId: number
  id: number
}

/** An account as it is stored. */
export interface AccountRecord extends AccountKey {
  name: string
  description: string
  externalId: string | null
  isDefault: boolean
  active: boolean
  createdAt: Date
  updatedAt: Date
}

export async function insertAccount(db: Db, account: Insertable<Tables['accounts']>) {
  await db.kysely.insertInto('accounts').values(account).execute()
}

export function findAccount(db: Db, key: AccountKey): Promise<AccountRecord | undefined> {
  return db.kysely
    .selectFrom('accounts')
    .selectAll()
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .executeTakeFirst()
}

export function findAccountOf(
  db: Db,
  { organizationId, userId }: { organizationId: number; userId: number },
): Promise<AccountRecord | undefined> {
  return db.kysely
    .selectFrom('users')
    .innerJoin('accounts', (join) =>
      join
        .on('accounts.organizationId', '=', organizationId)
        .onRef('accounts.id', '=', 'users.accountId'),
    )
    .selectAll('accounts')
    .where('users.organizationId', '=', organizationId)
    .where('users.id', '=', userId)
    .executeTakeFirst()
}

export function findDefaultAccount(
  db: Db,
  organizationId: number,
): Promise<AccountRecord | undefined> {
  return db.kysely
    .selectFrom('accounts')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('isDefault', '=', true)
    .executeTakeFirst()
}

/** In the order of their ids. */
export function listAccounts(
  db: Db,
  asked: { organizationId: number; after: number; limit: number },
): Promise<AccountRecord[]> {
  return db.kysely
    .selectFrom('accounts')
    .selectAll()
    .where('organizationId', '=', asked.organizationId)
    .where('id', '>', asked.after)
    .orderBy('id')
    .limit(asked.limit)
    .execute()
}

export function updateAccount(
  db: Db,
  key: AccountKey,
  changes: Updateable<Tables['accounts']>,
): Promise<AccountRecord | undefined> {
  return db.kysely
    .updateTable('accounts')
    .set({ ...changes, updatedAt: sql<Date>`now()` })
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .returningAll()
    .executeTakeFirst()
}

/** Rejects with a violated foreign key where it has users. */
export async function deleteAccount(db: Db, key: AccountKey): Promise<boolean> {
  const deleted = await db.kysely
    .deleteFrom('accounts')
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .executeTakeFirst()
  return deleted.numDeletedRows > 0n
}
