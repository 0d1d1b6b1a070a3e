import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

/** What a person signs in to. */
export interface Login {
  organizationId: number
  userId: number
  /** Absent: without a password, or deactivated. */
  hash: string | undefined
}

/** Undefined where nobody has the address. */
export async function findLogin(db: Db, email: string): Promise<Login | undefined> {
  const found = await db.kysely
    .selectFrom('logins as l')
    .innerJoin('users as u', (join) =>
      join.onRef('u.organizationId', '=', 'l.organizationId').onRef('u.id', '=', 'l.userId'),
    )
    .innerJoin('accounts as a', (join) =>
      join.onRef('a.organizationId', '=', 'l.organizationId').onRef('a.id', '=', 'u.accountId'),
    )
    .innerJoin('organizations as o', 'o.organizationId', 'l.organizationId')
    .leftJoin('passwords as p', (join) =>
      join.onRef('p.organizationId', '=', 'l.organizationId').onRef('p.userId', '=', 'l.userId'),
    )
    .select(['l.organizationId', 'l.userId', 'p.hash'])
    .select(sql<boolean>`u.active and a.active and o.disabled_at is null`.as('active'))
    .where('l.email', '=', email)
    .executeTakeFirst()
  if (!found) return undefined
  const { organizationId, userId, hash, active } = found
  return { organizationId, userId, hash: active ? (hash ?? undefined) : undefined }
}

export async function findPassword(
  db: Db,
  { organizationId, userId }: Omit<Login, 'hash'>,
): Promise<string | undefined> {
  const row = await db.kysely
    .selectFrom('passwords')
    .select('hash')
    .where('organizationId', '=', organizationId)
    .where('userId', '=', userId)
    .executeTakeFirst()
  return row?.hash
}

/**
 * Whether the user may still sign in, and with that password where one is given. Until the end of
 * the transaction neither changes.
 */
export async function holdLogin(db: Db, { organizationId, userId, hash }: Login): Promise<boolean> {
  const row = await db.kysely
    .selectFrom('users as u')
    .innerJoin('accounts as a', (join) =>
      join.on('a.organizationId', '=', organizationId).onRef('a.id', '=', 'u.accountId'),
    )
    .innerJoin('organizations as o', (join) => join.on('o.organizationId', '=', organizationId))
    .select('u.id')
    .where('u.organizationId', '=', organizationId)
    .where('u.id', '=', userId)
    .where('u.active', '=', true)
    .where('a.active', '=', true)
    .where('o.disabledAt', 'is', null)
    .forShare('u')
    .executeTakeFirst()
  if (!row) return false
  return hash === undefined || hash === (await findPassword(db, { organizationId, userId }))
}

/** In the place of the one before. */
export async function keepPassword(
  db: Db,
  { organizationId, userId, hash }: Login & { hash: string },
) {
  await db.kysely
    .insertInto('passwords')
    .values({ organizationId, userId, hash })
    .onConflict((conflict) =>
      conflict
        .columns(['organizationId', 'userId'])
        .doUpdateSet({ hash, changedAt: sql<Date>`now()` }),
    )
    .execute()
}

/** Keeps a token, clears away what of the user's has expired, and answers when this one will. */
export async function insertSignInToken(
  db: Db,
  token: {
    organizationId: number
    userId: number
    hash: Buffer
    pepperId: number
    /** Whether it was given for the two secrets. */
    bySecrets: boolean
  },
  lifetimeSeconds: number,
): Promise<Date> {
  await db.kysely
    .deleteFrom('signInTokens')
    .where('organizationId', '=', token.organizationId)
    .where('userId', '=', token.userId)
    .where('expiresAt', '<=', sql<Date>`now()`)
    .execute()
  const { expiresAt } = await db.kysely
    .insertInto('signInTokens')
    .values({ ...token, expiresAt: sql<Date>`now() + make_interval(secs => ${lifetimeSeconds})` })
    .returning('expiresAt')
    .executeTakeFirstOrThrow()
  return expiresAt
}

/** Takes a token away; answers whose it was, where it was still good. */
export async function deleteSignInToken(
  db: Db,
  { organizationId, hashes }: { organizationId: number; hashes: Buffer[] },
): Promise<number | undefined> {
  const deleted = await db.kysely
    .deleteFrom('signInTokens')
    .where('organizationId', '=', organizationId)
    .where('hash', 'in', hashes)
    .where('expiresAt', '>', sql<Date>`now()`)
    .returning('userId')
    .executeTakeFirst()
  return deleted?.userId
}

/** Whether a token was given a moment ago, and not for the two secrets. */
export async function isJustSignedIn(
  db: Db,
  { organizationId, hashes }: { organizationId: number; hashes: Buffer[] },
  withinSeconds: number,
): Promise<boolean> {
  const found = await db.kysely
    .selectFrom('signInTokens')
    .select('userId')
    .where('organizationId', '=', organizationId)
    .where('hash', 'in', hashes)
    .where('bySecrets', '=', false)
    .where('createdAt', '>', sql<Date>`now() - make_interval(secs => ${withinSeconds})`)
    .executeTakeFirst()
  return found !== undefined
}

/** All tokens that were given for secrets, the user's or without one anybody's, are good until then, if as long. */
export async function endTokensBySecrets(
  db: Db,
  { organizationId, userId }: { organizationId: number; userId: number | null },
  at: Date,
) {
  await db.kysely
    .updateTable('signInTokens')
    .set({ expiresAt: at })
    .where('organizationId', '=', organizationId)
    .$if(userId !== null, (tokens) => tokens.where('userId', '=', userId))
    .where('bySecrets', '=', true)
    .where('expiresAt', '>', at)
    .execute()
}

/** All tokens and codes of a user. */
export async function deleteSignInTokens(
  db: Db,
  { organizationId, userId }: { organizationId: number; userId: number },
) {
  await db.kysely
    .deleteFrom('signInTokens')
    .where('organizationId', '=', organizationId)
    .where('userId', '=', userId)
    .execute()
}
