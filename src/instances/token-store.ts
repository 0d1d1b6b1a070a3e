import { sql } from 'kysely'
import type { Db } from '../database/database.ts'
import { tokenEntry } from '../vault/token.ts'
import type { Sealed } from '../vault/vault.ts'
import { type InstanceKey, ownerOf } from './store.ts'

type Queries = Pick<Db, 'kysely'>

export interface StoredToken {
  secretVersion: number
  createdAt: Date
  /** Null for the newest. */
  expiresAt: Date | null
  lastUsedAt: Date | null
}

/** The tokens of an instance that work, the newest first. */
export async function listTokens(
  { kysely }: Queries,
  { organizationId, id }: InstanceKey,
): Promise<StoredToken[]> {
  return kysely
    .selectFrom('instanceTokens')
    .select(['secretVersion', 'createdAt', 'expiresAt', 'lastUsedAt'])
    .where('organizationId', '=', organizationId)
    .where('instanceId', '=', id)
    .where(sql<boolean>`coalesce(expires_at > now(), true)`)
    .orderBy('secretVersion', 'desc')
    .execute()
}

/**
 * Counts a change of the instance; until the end of the transaction nobody else changes it.
 * @returns undefined where somebody has since `revision`
 */
export async function countChange(
  { kysely }: Queries,
  { organizationId, id, revision }: InstanceKey & { revision: number },
): Promise<number | undefined> {
  const { rows } = await sql<{ revision: number }>`
    update instances set revision = revision + 1, updated_at = now()
    where organization_id = ${organizationId} and id = ${id} and revision = ${revision}
    returning revision`.execute(kysely)
  return rows[0]?.revision
}

/** Both what it is looked up by and what it is, sealed for the caller. */
export async function insertToken(
  { kysely }: Queries,
  { organizationId, id }: InstanceKey,
  secretVersion: number,
  hashed: { hash: Buffer; pepperId: number },
  sealed: Sealed & { origins: string[] },
) {
  await kysely
    .insertInto('instanceTokens')
    .values({ organizationId, instanceId: id, secretVersion, ...hashed })
    .execute()
  const place = { organizationId, owner: ownerOf(id), entry: tokenEntry, secretVersion }
  await kysely
    .insertInto('secrets')
    .values({ ...place, ...sealed })
    .execute()
}

/**
 * Those older than `version` end so many seconds from now, unless they end before; what has ended
 * goes, with what it was.
 * @returns how many of those that worked work no more
 */
export async function endTokens(
  { kysely }: Queries,
  { organizationId, id }: InstanceKey,
  { version, overlapSeconds }: { version: number; overlapSeconds: number },
): Promise<number> {
  const older = sql<boolean>`organization_id = ${organizationId} and instance_id = ${id}
    and secret_version < ${version}`
  if (overlapSeconds > 0) {
    await sql`
      update instance_tokens
      set expires_at = least(expires_at, now() + make_interval(secs => ${overlapSeconds}))
      where ${older}`.execute(kysely)
  }
  const { rows } = await sql<{ worked: boolean }>`
    with gone as (
      delete from instance_tokens
      where ${older} and (${overlapSeconds === 0} or expires_at <= now())
      returning secret_version, coalesce(expires_at > now(), true) as worked
    ), unsealed as (
      delete from secrets using gone
      where secrets.organization_id = ${organizationId} and secrets.owner = ${ownerOf(id)}
        and secrets.entry = ${tokenEntry} and secrets.secret_version = gone.secret_version
    )
    select worked from gone`.execute(kysely)
  return rows.filter(({ worked }) => worked).length
}
