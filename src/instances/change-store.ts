import { sql } from 'kysely'
import type pg from 'pg'
import type { Deed } from '../audit/entry.ts'
import { clientTransaction, type Db, prepared } from '../database/database.ts'
import type { Queries } from '../database/jobs.ts'
import type { StoredSecret } from './connection-store.ts'
import { type InstanceRecord, type InstanceTimes, ownerOf, type SealedEntry } from './store.ts'

/** What a change makes of an instance that was read at `revision`. */
export interface StoredChange {
  record: InstanceRecord
  revision: number
  /** Whether the vendor was asked; otherwise the state is whatever it is by now. */
  proved: boolean
  /** Left out where nothing of how it connects is changed. */
  connection?: ChangedConnection | undefined
  action: 'instance.updated' | 'instance.verified'
  /** Names of what changed, never values. */
  detail: { members: string[]; entries: string[] }
}

export interface ChangedConnection {
  /** Those that are gone, or are in `added` in another version. */
  removed: Pick<StoredSecret, 'entry' | 'secretVersion'>[]
  added: (SealedEntry & { secretVersion: number })[]
  certificateIds: readonly number[]
  /** What is stored of the login whose tokens are among `added`; null where there are none any more. */
  tokens?: NewTokens | null | undefined
}

interface NewTokens {
  version: number
  /** Null where they have no end. */
  lifeSeconds: number | null
  /** What is committed together with them. */
  alongside(queries: Queries): Promise<void>
}

export type Changed = InstanceTimes &
  Pick<InstanceRecord, 'state' | 'stateReason'> & { revision: number }

class Outrun extends Error {}

const returned = `i.revision, i.state, i.state_reason as "stateReason", i.created_at as "createdAt", i.updated_at as "updatedAt",
  i.state_since as "stateSince", i.verified_at as "verifiedAt",
  i.last_check as "lastCheck", i.call_log_until as "callLogUntil"`

const recordStatement = {
  name: 'change-instance',
  text: `
    with instance as (
      update instances i
      set name = $4, tags = $5, configuration = $6, authentication_type = $7, oauth_app_id = $8,
        settings = $9, warnings = $10, external_id = $11, external_authentication = $12,
        state = case when $15 then $13 else i.state end,
        state_reason = case when $15 then $14 else i.state_reason end,
        state_since = case when $15 and i.state <> $13 then now() else i.state_since end,
        verified_at = case when $15 and $13 = 'verified' then now() else i.verified_at end,
        revision = i.revision + 1, updated_at = now()
      where i.organization_id = $1 and i.id = $2 and i.revision = $3
      returning ${returned}
    ), audit as (
      insert into audit_entries
        (organization_id, user_id, action, instance_id, request_id, address, detail)
      select $1, $16, $17, $2, $18, $19, $20 from instance
    )
    select * from instance`,
}

const connectionStatement = {
  name: 'change-instance-connection',
  text: `
    with gone as (
      delete from secrets s using unnest($4::text[], $5::integer[]) as seen (entry, secret_version)
      where s.organization_id = $1 and s.owner = $3 and s.entry = seen.entry
        and s.secret_version = seen.secret_version
      returning 1
    ), added as (
      insert into secrets
        (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
      select $1, $3, entry, secret_version, string_to_array(origins, ' '), data_key_id, sealed
      from unnest($6::text[], $7::integer[], $8::text[], $9::integer[], $10::text[])
        as given (entry, secret_version, origins, data_key_id, sealed)
    ), unused as (
      delete from certificate_uses u
      where u.organization_id = $1 and u.instance_id = $2
        and not u.certificate_id = any($11::bigint[])
    ), used as (
      insert into certificate_uses (organization_id, certificate_id, instance_id)
      select distinct $1::bigint, given.id, $2::bigint from unnest($11::bigint[]) as given (id)
      on conflict do nothing
    )
    select count(*) as count from gone`,
}

const tokensStatement = {
  name: 'change-instance-tokens',
  text: `
    insert into oauth_tokens (organization_id, instance_id, version, expires_at)
    values ($1, $2, $3, now() + make_interval(secs => $4::float8))
    on conflict (organization_id, instance_id) do update
    set version = excluded.version, expires_at = excluded.expires_at, obtained_at = now(),
      holder = null, lease_until = null, sent_at = null, failures = 0, retry_at = null,
      problem = null`,
}

const noTokensStatement = {
  name: 'forget-instance-tokens',
  text: 'delete from oauth_tokens where organization_id = $1 and instance_id = $2',
}

/**
 * The whole change with its audit entry, or nothing of it. Rejects with a violated key where
 * something that it names was deleted, or somebody else stored the same version of a secret.
 * @returns undefined where somebody else changed the instance or one of these secrets since
 */
export async function storeChange(
  db: Pick<Db, 'pool'>,
  change: StoredChange,
  deed: Deed,
): Promise<Changed | undefined> {
  try {
    return await clientTransaction(db, async (client) => {
      const changed = await updateRecord(client, change, deed)
      if (change.connection) await replaceConnection(client, change.record, change.connection)
      return changed
    })
  } catch (error) {
    if (error instanceof Outrun) return undefined
    throw error
  }
}

async function updateRecord(
  client: pg.PoolClient,
  { record, revision, proved, action, detail }: StoredChange,
  deed: Deed,
): Promise<Changed> {
  const [changed] = await prepared<Changed & pg.QueryResultRow>(client, recordStatement, [
    record.organizationId,
    record.id,
    revision,
    record.name,
    record.tags,
    JSON.stringify(record.configuration),
    record.authenticationType,
    record.oauthAppId,
    JSON.stringify(record.settings),
    JSON.stringify(record.warnings),
    record.externalId,
    record.externalAuthentication,
    record.state,
    record.stateReason,
    proved,
    deed.userId,
    action,
    deed.requestId,
    deed.address,
    JSON.stringify(detail),
  ])
  if (!changed) throw new Outrun()
  return changed
}

async function replaceConnection(
  client: pg.PoolClient,
  { organizationId, id }: InstanceRecord,
  { removed, added, certificateIds, tokens }: ChangedConnection,
) {
  const [gone] = await prepared<{ count: number }>(client, connectionStatement, [
    organizationId,
    id,
    ownerOf(id),
    removed.map(({ entry }) => entry),
    removed.map(({ secretVersion }) => secretVersion),
    added.map(({ entry }) => entry),
    added.map(({ secretVersion }) => secretVersion),
    added.map(({ origins }) => origins.join(' ')),
    added.map(({ dataKeyId }) => dataKeyId),
    added.map(({ sealed }) => sealed),
    certificateIds,
  ])
  if (gone!.count !== removed.length) throw new Outrun()
  if (tokens === null) await prepared(client, noTokensStatement, [organizationId, id])
  if (!tokens) return
  const { version, lifeSeconds } = tokens
  await prepared(client, tokensStatement, [organizationId, id, version, lifeSeconds])
  await tokens.alongside(client)
}

/**
 * A proof that changes nothing else, and no revision: a failed instance is a good one again.
 * @returns undefined where somebody changed the instance since, or deleted it
 */
export async function renewVerification(
  { kysely }: Pick<Db, 'kysely'>,
  seen: { organizationId: number; id: number; revision: number },
): Promise<(InstanceTimes & Pick<InstanceRecord, 'state' | 'stateReason'>) | undefined> {
  const { organizationId, id, revision } = seen
  const { rows } = await sql<InstanceTimes & Pick<InstanceRecord, 'state' | 'stateReason'>>`
    update instances
    set verified_at = now(),
      state_since = case when state in ('failed', 'unverified') then now() else state_since end,
      state_reason = case when state in ('failed', 'unverified') then null else state_reason end,
      state = case when state in ('failed', 'unverified') then 'verified' else state end
    where organization_id = ${organizationId} and id = ${id} and revision = ${revision}
      and state <> 'draft'
    returning state, state_reason, created_at, updated_at, state_since, verified_at, last_check
  `.execute(kysely)
  return rows[0]
}
