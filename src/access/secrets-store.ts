import { sql } from 'kysely'
import type { Db } from '../database/database.ts'
import type { Sealed } from '../vault/vault.ts'

/** The entry of what callers send, among the secrets of users and organizations. */
export const secretEntry = 'secret'

/** Whose secret it is: without a user the organization's own. */
export interface SecretOwner {
  organizationId: number
  userId: number | null
}

export function ownerOf({ organizationId, userId }: SecretOwner): string {
  return userId === null ? `organization/${organizationId}` : `user/${userId}`
}

/** Both what it is looked up by and what it is, sealed for the caller. */
export async function insertAccessSecret(
  db: Db,
  owner: SecretOwner & { secretVersion: number },
  hashed: { hash: Buffer; pepperId: number },
  sealed: Sealed & { origins: string[] },
) {
  const { organizationId, secretVersion } = owner
  await db.kysely
    .insertInto('accessSecrets')
    .values({ ...owner, ...hashed })
    .execute()
  const place = { organizationId, owner: ownerOf(owner), entry: secretEntry, secretVersion }
  await db.kysely
    .insertInto('secrets')
    .values({ ...place, ...sealed })
    .execute()
}

/** Until the end of the transaction nobody else gives the owner a secret. */
export async function lockOwner(db: Db, { organizationId, userId }: SecretOwner) {
  if (userId === null) return lockOrganization(db, organizationId)
  await db.kysely
    .selectFrom('users')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('id', '=', userId)
    .forNoKeyUpdate()
    .execute()
}

/** Until the end of the transaction nobody else does what only one may do at a time. */
export async function lockOrganization(db: Db, organizationId: number) {
  await db.kysely
    .selectFrom('organizations')
    .select('organizationId')
    .where('organizationId', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
}

/** The newest secret's version, sealed. Throws where there is none. */
export async function findNewestSecret(db: Db, owner: SecretOwner) {
  return db.kysely
    .selectFrom('secrets')
    .select(['secretVersion', 'origins', 'sealed'])
    .where('organizationId', '=', owner.organizationId)
    .where('owner', '=', ownerOf(owner))
    .where('entry', '=', secretEntry)
    .orderBy('secretVersion', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()
}

/** Those older than `version` end so many seconds from now, unless they end before. */
export async function endSecrets(
  db: Db,
  owner: SecretOwner & { version: number; overlapSeconds: number },
): Promise<Date> {
  const { organizationId, userId, version, overlapSeconds } = owner
  // Cut off, not rounded: what ends at once has ended.
  const { rows } = await sql<{ at: Date }>`
    select date_trunc('milliseconds', now()) + make_interval(secs => ${overlapSeconds}) as at
  `.execute(db.kysely)
  const { at } = rows[0]!
  const older = sql<boolean>`organization_id = ${organizationId}
    and user_id is not distinct from ${userId}::bigint and secret_version < ${version}`
  await sql`
    update access_secrets set expires_at = least(expires_at, ${at}) where ${older}`.execute(
    db.kysely,
  )
  await sql`
    with gone as (
      delete from access_secrets where ${older} and expires_at <= now()
      returning secret_version
    )
    delete from secrets using gone
      where secrets.organization_id = ${organizationId} and secrets.owner = ${ownerOf(owner)}
        and secrets.entry = ${secretEntry} and secrets.secret_version = gone.secret_version
  `.execute(db.kysely)
  return at
}
