import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'

// From the token to its instance, whatever else the user has: a plan for any value would rather look
// for the tokens of all of them.
const statement = {
  name: 'find-instance-by-token',
  text: `
    select i.id, t.hash,
      (extract(epoch from t.expires_at - now()) * 1000)::float8 as "endsInMs",
      coalesce(t.last_used_at < now() - interval '1 minute', true) as "unnoted"
    from instance_tokens t
    cross join lateral (
      select id from instances
      where organization_id = $1 and id = t.instance_id and user_id = $2
      offset 0
    ) i
    where t.organization_id = $1 and t.hash = any($3::bytea[])
      and coalesce(t.expires_at > now(), true)`,
}

export interface FoundToken {
  /** The instance. */
  id: number
  hash: Buffer
  /** Left of the token's life; null: for ever. */
  endsInMs: number | null
  /** Whether nobody has noted its use for a minute. */
  unnoted: boolean
}

/**
 * The instance of that user which a token stands for that has not ended, by its hashes under every
 * pepper.
 */
export async function findInstanceByToken(
  { pool }: Pick<Db, 'pool'>,
  key: { organizationId: number; userId: number; hashes: Buffer[] },
): Promise<FoundToken | undefined> {
  const values = [key.organizationId, key.userId, key.hashes]
  const [row] = await prepared<FoundToken & pg.QueryResultRow>(pool, statement, values)
  return row
}

const useStatement = {
  name: 'note-token-use',
  text: `
    update instance_tokens set last_used_at = now()
    where organization_id = $1 and hash = any($2::bytea[])
      and coalesce(last_used_at < now() - interval '1 minute', true)`,
}

/** Notes that tokens of an organization were used, of each once a minute at most. */
export async function noteTokenUses(
  { pool }: Pick<Db, 'pool'>,
  organizationId: number,
  hashes: readonly Buffer[],
): Promise<void> {
  await prepared(pool, useStatement, [organizationId, hashes])
}
