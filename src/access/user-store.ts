import { sql, type Updateable } from 'kysely'
import type { Db } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'
import type { Role } from './rights.ts'

export interface UserKey {
  organizationId: number
  id: number
}

/** A user as it is stored. */
export interface UserRecord extends UserKey {
  accountId: number
  email: string
  firstName: string
  lastName: string
  role: Role
  active: boolean
  createdAt: Date
  updatedAt: Date
}

/** Rejects with a key that is taken where someone has the address. */
export async function insertUser(
  db: Db,
  user: UserKey & {
    accountId: number
    email: string
    firstName?: string
    lastName?: string
    role: Role
  },
) {
  const { organizationId, id, email } = user
  await db.kysely.insertInto('users').values(user).execute()
  await db.kysely.insertInto('logins').values({ email, organizationId, userId: id }).execute()
}

export async function isEmailTaken(db: Db, email: string): Promise<boolean> {
  const row = await db.kysely
    .selectFrom('logins')
    .select('userId')
    .where('email', '=', email)
    .executeTakeFirst()
  return row !== undefined
}

export function findUser(db: Db, key: UserKey): Promise<UserRecord | undefined> {
  return db.kysely
    .selectFrom('users')
    .selectAll()
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .executeTakeFirst()
}

/** Of that organization, and of no other. */
export async function findUserByEmail(
  db: Db,
  { organizationId, email }: { organizationId: number; email: string },
): Promise<UserRecord | undefined> {
  const login = await db.kysely
    .selectFrom('logins')
    .select('userId')
    .where('email', '=', email)
    .where('organizationId', '=', organizationId)
    .executeTakeFirst()
  return login && findUser(db, { organizationId, id: login.userId })
}

/** In the order of their ids: all of the organization, or of one account. */
export function listUsers(
  db: Db,
  asked: { organizationId: number; accountId?: number | undefined; after: number; limit: number },
): Promise<UserRecord[]> {
  const { organizationId, accountId, after, limit } = asked
  return db.kysely
    .selectFrom('users')
    .selectAll()
    .where('organizationId', '=', organizationId)
    .where('id', '>', after)
    .$if(accountId !== undefined, (all) => all.where('accountId', '=', accountId!))
    .orderBy('id')
    .limit(limit)
    .execute()
}

/**
 * Rejects with a key that is taken where someone else has the address.
 * @returns the user as changed; undefined where it is gone
 */
export async function updateUser(
  db: Db,
  key: UserKey,
  changes: Pick<
    Updateable<Tables['users']>,
    'email' | 'firstName' | 'lastName' | 'role' | 'active'
  >,
): Promise<UserRecord | undefined> {
  const updated = await db.kysely
    .updateTable('users')
    .set({ ...changes, updatedAt: sql<Date>`now()` })
    .where('organizationId', '=', key.organizationId)
    .where('id', '=', key.id)
    .returningAll()
    .executeTakeFirst()
  if (changes.email === undefined || !updated) return updated
  await db.kysely
    .updateTable('logins')
    .set({ email: changes.email })
    .where('organizationId', '=', key.organizationId)
    .where('userId', '=', key.id)
    .execute()
  return updated
}

/** Whether somebody besides may still govern the organization. */
export async function hasOtherAdmin(
  db: Db,
  { organizationId, id }: UserKey,
  exceptAccount?: number,
): Promise<boolean> {
  const other = await db.kysely
    .selectFrom('users')
    .innerJoin('accounts', (join) =>
      join
        .on('accounts.organizationId', '=', organizationId)
        .onRef('accounts.id', '=', 'users.accountId'),
    )
    .select('users.id')
    .where('users.organizationId', '=', organizationId)
    .where('users.role', '=', 'org-admin')
    .where('users.active', '=', true)
    .where('accounts.active', '=', true)
    .where('users.id', '!=', id)
    .$if(exceptAccount !== undefined, (all) => all.where('accounts.id', '!=', exceptAccount!))
    .limit(1)
    .executeTakeFirst()
  return other !== undefined
}
