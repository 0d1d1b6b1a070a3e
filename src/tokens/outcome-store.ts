import type pg from 'pg'
import { prepared } from '../database/database.ts'
import type { ProblemCode } from '../http/errors.ts'
import type { Sealed } from '../vault/vault.ts'
import { type Lease, retryIn, type TokensKey } from './store.ts'

const lockStatement = {
  name: 'lock-instance-of-tokens',
  text: `
    select disabled from instances where organization_id = $1 and id = $2 for no key update`,
}

/** Before its tokens, as everyone else does who writes both. */
async function lockInstance(client: pg.PoolClient, { organizationId, instanceId }: TokensKey) {
  await prepared(client, lockStatement, [organizationId, instanceId])
}

export interface RenewedSecret extends Sealed {
  entry: string
  /** The version that it takes the place of. */
  secretVersion: number
  origins: readonly string[]
}

const replaceStatement = {
  name: 'replace-tokens',
  text: `
    with life as (
      update oauth_tokens t
      set version = t.version + 1, obtained_at = now(),
        expires_at = now() + make_interval(secs => $4::float8), holder = null, lease_until = null,
        sent_at = null, failures = 0, retry_at = null, problem = null
      from (
        select problem from oauth_tokens where organization_id = $1 and instance_id = $2
        for no key update
      ) before
      where t.organization_id = $1 and t.instance_id = $2 and t.version = $3
        and exists (
          select from secrets
          where organization_id = $1 and owner = $5 and entry = $6 and secret_version = $3
            and origins = string_to_array(($9::text[])[1], ' ')
        )
      returning before.problem
    ), given as (
      select * from life, unnest($7::text[], $8::integer[], $9::text[], $10::integer[], $11::text[])
        as given (entry, secret_version, origins, data_key_id, sealed)
    ), gone as (
      delete from secrets s using given
      where s.organization_id = $1 and s.owner = $5 and s.entry = given.entry
        and s.secret_version = given.secret_version
    ), kept as (
      insert into secrets
        (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
      select $1, $5, entry, secret_version + 1, string_to_array(origins, ' '), data_key_id, sealed
      from given
    ), healed as (
      update instances i set state = 'verified', state_reason = null, state_since = now()
      from life
      where i.organization_id = $1 and i.id = $2 and i.state = 'failed'
        and life.problem is not null
    )
    select 1 from life`,
}

/**
 * Puts new tokens in the place of that version, and makes an instance a good one again that had
 * failed for want of them; the first of the secrets is the tokens.
 * @returns false where others have taken their place, or nothing of it is there any more
 */
export async function replaceTokens(
  client: pg.PoolClient,
  { organizationId, instanceId, version }: TokensKey & { version: number },
  owner: string,
  lifeSeconds: number | null,
  secrets: readonly [RenewedSecret, ...RenewedSecret[]],
): Promise<boolean> {
  await lockInstance(client, { organizationId, instanceId })
  const values = [
    organizationId,
    instanceId,
    version,
    lifeSeconds,
    owner,
    secrets[0].entry,
    secrets.map(({ entry }) => entry),
    secrets.map(({ secretVersion }) => secretVersion),
    secrets.map(({ origins }) => origins.join(' ')),
    secrets.map(({ dataKeyId }) => dataKeyId),
    secrets.map(({ sealed }) => sealed),
  ]
  return (await prepared(client, replaceStatement, values)).length > 0
}

export interface Setback {
  problem: ProblemCode
  /** Whether the vendor's answer has come, or the request never reached it. */
  answered: boolean
  /** Seconds: after the first failure, and at most. */
  pause: { first: number; longest: number; least: number }
  /** Why the instance cannot be used, for people; left out where it can, later. */
  reason?: string | undefined
}

const setBackStatement = {
  name: 'set-tokens-back',
  text: `
    with life as (
      update oauth_tokens
      set holder = null, lease_until = null, failures = failures + 1, problem = $5,
        sent_at = case when $6 then null else sent_at end,
        retry_at = now() + make_interval(secs => greatest($9::float8,
          least($8::float8, $7::float8 * power(2, least(failures, 30))) * (0.75 + random() / 2)))
      where organization_id = $1 and instance_id = $2 and version = $3 and holder = $4
      returning ${retryIn} as "retryIn", coalesce(expires_at <= now(), false) as ended
    ), marked as (
      update instances i
      set state_since = case when i.state = 'failed' then i.state_since else now() end,
        state = 'failed', state_reason = $10
      from life
      where i.organization_id = $1 and i.id = $2 and $10::text is not null
    )
    select "retryIn", ended from life`,
}

/**
 * Notes that a refresh failed, after which the next one has to wait: each time longer.
 * @returns for how many seconds, and whether the tokens have ended; undefined where somebody else
 *   holds the lease by now
 */
export async function setTokensBack(
  client: pg.PoolClient,
  { organizationId, instanceId, version, holder }: Lease,
  { problem, answered, pause, reason }: Setback,
): Promise<{ retryIn: number; ended: boolean } | undefined> {
  await lockInstance(client, { organizationId, instanceId })
  const { first, longest, least } = pause
  const values = [
    organizationId,
    instanceId,
    version,
    holder,
    problem,
    answered,
    first,
    longest,
    least,
    reason ?? null,
  ]
  const [noted] = await prepared<{ retryIn: number; ended: boolean }>(
    client,
    setBackStatement,
    values,
  )
  return noted
}
