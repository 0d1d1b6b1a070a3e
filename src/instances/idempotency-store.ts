import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'

export interface ClaimKey {
  organizationId: number
  userId: number
  route: string
  key: string
}

export interface Claim {
  fingerprint: Buffer
  pepperId: number
  sealed: string | null
  remainingSeconds: number
}

// A claim that a crash of PostgreSQL loses is found missing when the answer is to be kept, and
// nothing is stored: it need not wait for the disk.
const claimStatement = {
  name: 'claim-idempotency-key',
  text: `
    insert into idempotency_claims as held
      (organization_id, user_id, route, key, holder, fingerprint, pepper_id, expires_at)
    select $1::bigint, $2::bigint, $3, $4, $5, $6::bytea, $7::integer,
      now() + make_interval(secs => $8)
    from (select set_config('synchronous_commit', 'off', true)) unhurried
    on conflict (organization_id, user_id, route, key) do update
      set holder = excluded.holder, fingerprint = excluded.fingerprint,
        pepper_id = excluded.pepper_id, expires_at = excluded.expires_at,
        data_key_id = null, sealed = null
      where held.expires_at < now()
    returning now() as at`,
}

/**
 * Takes a key that is free, or whose holder let its lease or its answer run out, and answers when
 * that was; undefined where it is held.
 */
export async function claimKey(
  { pool }: Pick<Db, 'pool'>,
  claim: ClaimKey & {
    holder: string
    fingerprint: Buffer
    pepperId: number
    leaseSeconds: number
  },
): Promise<Date | undefined> {
  const { organizationId, userId, route, key, holder, fingerprint, pepperId, leaseSeconds } = claim
  const [row] = await prepared<{ at: Date }>(pool, claimStatement, [
    organizationId,
    userId,
    route,
    key,
    holder,
    fingerprint,
    pepperId,
    leaseSeconds,
  ])
  return row?.at
}

const sweepStatement = {
  name: 'sweep-idempotency-claims',
  text: `
    delete from idempotency_claims using (
      select user_id, route, key from idempotency_claims
      where organization_id = $1 and expires_at < now()
      order by expires_at limit $2 for update skip locked
    ) expired
    where organization_id = $1 and idempotency_claims.user_id = expired.user_id
      and idempotency_claims.route = expired.route and idempotency_claims.key = expired.key
      and expires_at < now()`,
}

/** Removes what has expired, at most `limit` at once. */
export async function sweepClaims(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, limit }: { organizationId: number; limit: number },
) {
  await prepared(pool, sweepStatement, [organizationId, limit])
}

const findStatement = {
  name: 'find-idempotency-claim',
  text: `
    select fingerprint, pepper_id as "pepperId", sealed,
      extract(epoch from expires_at - now())::float8 as "remainingSeconds"
    from idempotency_claims
    where organization_id = $1 and user_id = $2 and route = $3 and key = $4`,
}

export async function findClaim(
  { pool }: Pick<Db, 'pool'>,
  claim: ClaimKey,
): Promise<Claim | undefined> {
  const { organizationId, userId, route, key } = claim
  const values = [organizationId, userId, route, key]
  const [row] = await prepared<Claim & pg.QueryResultRow>(pool, findStatement, values)
  return row
}

const releaseStatement = {
  name: 'release-idempotency-claim',
  text: `
    delete from idempotency_claims
    where organization_id = $1 and user_id = $2 and route = $3 and key = $4 and holder = $5
      and sealed is null`,
}

export async function releaseClaim(
  { pool }: Pick<Db, 'pool'>,
  claim: ClaimKey & { holder: string },
) {
  const { organizationId, userId, route, key, holder } = claim
  await prepared(pool, releaseStatement, [organizationId, userId, route, key, holder])
}
