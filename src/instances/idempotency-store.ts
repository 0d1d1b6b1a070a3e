import type pg from 'pg'
import { prepared } from '../database/database.ts'
import type { Sealed } from '../vault/vault.ts'

type Queries = Pick<pg.Pool | pg.PoolClient, 'query'>

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

const claimStatement = {
  name: 'claim-idempotency-key',
  text: `
    with swept as (
      delete from idempotency_claims where organization_id = $1 and ctid = any(array(
        select ctid from idempotency_claims
        where organization_id = $1 and expires_at < now() and key <> $4
        order by expires_at limit 2 for update skip locked))
    )
    insert into idempotency_claims as held
      (organization_id, user_id, route, key, holder, fingerprint, pepper_id, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8))
    on conflict (organization_id, user_id, route, key) do update
      set holder = excluded.holder, fingerprint = excluded.fingerprint,
        pepper_id = excluded.pepper_id, expires_at = excluded.expires_at,
        data_key_id = null, sealed = null
      where held.expires_at < now()
    returning 1`,
}

/**
 * Takes a key that is free, or whose holder let its lease or its answer run out. Each claim sweeps
 * two that have expired, so that the table stays as small as a day's requests.
 */
export async function claimKey(
  queries: Queries,
  claim: ClaimKey & {
    holder: string
    fingerprint: Buffer
    pepperId: number
    leaseSeconds: number
  },
): Promise<boolean> {
  const { organizationId, userId, route, key, holder, fingerprint, pepperId } = claim
  const values = [
    organizationId,
    userId,
    route,
    key,
    holder,
    fingerprint,
    pepperId,
    claim.leaseSeconds,
  ]
  return (await prepared(queries, claimStatement, values)).length > 0
}

const findStatement = {
  name: 'find-idempotency-claim',
  text: `
    select fingerprint, pepper_id as "pepperId", sealed,
      extract(epoch from expires_at - now())::float8 as "remainingSeconds"
    from idempotency_claims
    where organization_id = $1 and user_id = $2 and route = $3 and key = $4`,
}

export async function findClaim(queries: Queries, claim: ClaimKey): Promise<Claim | undefined> {
  const { organizationId, userId, route, key } = claim
  const values = [organizationId, userId, route, key]
  const [row] = await prepared<Claim & pg.QueryResultRow>(queries, findStatement, values)
  return row
}

const completeStatement = {
  name: 'complete-idempotency-claim',
  text: `
    update idempotency_claims
    set sealed = $6, data_key_id = $7, expires_at = now() + make_interval(secs => $8)
    where organization_id = $1 and user_id = $2 and route = $3 and key = $4 and holder = $5
    returning 1`,
}

/** Keeps the answer where the claim is still the holder's. */
export async function completeClaim(
  queries: Queries,
  claim: ClaimKey & Sealed & { holder: string; keptSeconds: number },
): Promise<boolean> {
  const { organizationId, userId, route, key, holder, sealed, dataKeyId, keptSeconds } = claim
  const values = [organizationId, userId, route, key, holder, sealed, dataKeyId, keptSeconds]
  return (await prepared(queries, completeStatement, values)).length > 0
}

const releaseStatement = {
  name: 'release-idempotency-claim',
  text: `
    delete from idempotency_claims
    where organization_id = $1 and user_id = $2 and route = $3 and key = $4 and holder = $5
      and sealed is null`,
}

export async function releaseClaim(queries: Queries, claim: ClaimKey & { holder: string }) {
  const { organizationId, userId, route, key, holder } = claim
  await prepared(queries, releaseStatement, [organizationId, userId, route, key, holder])
}
