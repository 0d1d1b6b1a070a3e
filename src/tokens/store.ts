import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'
import type { ProblemCode } from '../http/errors.ts'

export interface TokensKey {
  organizationId: number
  instanceId: number
}

/** The tokens of an instance as far as they may be read, all times by the database's clock. */
export interface Life {
  version: number
  /** Seconds; null where they have no end. */
  endsIn: number | null
  lifeSeconds: number | null
  /** Whether somebody is refreshing them. */
  leased: boolean
  /** Whether the instance is. */
  disabled: boolean
  /** Seconds until the next try is allowed. */
  retryIn: number
  /** Why the last try failed. */
  problem: ProblemCode | null
}

/** Seconds until the next try; a moment that has come is no wait. */
export const retryIn = `greatest(0, coalesce(extract(epoch from retry_at - now()), 0))::float8`

const readStatement = {
  name: 'read-token-life',
  text: `
    select t.version, t.problem, extract(epoch from expires_at - now())::float8 as "endsIn",
      extract(epoch from expires_at - obtained_at)::float8 as "lifeSeconds",
      coalesce(lease_until > now(), false) as leased, ${retryIn} as "retryIn", i.disabled
    from oauth_tokens t
    join instances i on i.organization_id = $1 and i.id = t.instance_id
    where t.organization_id = $1 and t.instance_id = $2`,
}

export async function readLife(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, instanceId }: TokensKey,
): Promise<Life | undefined> {
  const values = [organizationId, instanceId]
  const [life] = await prepared<Life & pg.QueryResultRow>(pool, readStatement, values)
  return life
}

/** Who refreshes which version. */
export interface Lease extends TokensKey {
  version: number
  holder: string
}

const claimStatement = {
  name: 'claim-token-lease',
  text: `
    with before as (
      select sent_at is not null as interrupted from oauth_tokens
      where organization_id = $1 and instance_id = $2
      for no key update
    )
    update oauth_tokens t
    set holder = $4, lease_until = now() + make_interval(secs => $5), sent_at = now()
    from before
    where t.organization_id = $1 and t.instance_id = $2 and t.version = $3
      and coalesce(t.lease_until <= now(), true) and coalesce(t.retry_at <= now(), true)
      and t.problem is distinct from 'reconnect-required'
    returning before.interrupted`,
}

/**
 * Makes the holder the one who refreshes these tokens.
 * @returns undefined where somebody else is, or nobody may now; `interrupted`: whether an earlier
 *   request went out whose answer nobody has seen
 */
export async function claimLease(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, instanceId, version, holder }: Lease,
  leaseSeconds: number,
): Promise<{ interrupted: boolean } | undefined> {
  const values = [organizationId, instanceId, version, holder, leaseSeconds]
  const [claimed] = await prepared<{ interrupted: boolean }>(pool, claimStatement, values)
  return claimed
}
