import { sql } from 'kysely'
import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'

/** An instance elsewhere, as one user takes it over. */
export interface ImportKeyOfSource {
  organizationId: number
  userId: number
  source: string
  sourceId: number
}

/** What is known of it here: the instance, or that somebody is at it. */
export interface KnownImport {
  instanceId: number | null
  /** Seconds until whoever is at it is given up. */
  leasedFor: number
}

/**
 * Makes the holder the one who takes it over.
 * @returns undefined where that is so; otherwise what is there
 */
export async function claimImport(
  db: Pick<Db, 'kysely'>,
  key: ImportKeyOfSource,
  lease: { holder: string; seconds: number },
): Promise<KnownImport | undefined> {
  const { organizationId, userId, source, sourceId } = key
  const { rows } = await sql`
    insert into imports (organization_id, user_id, source, source_id, holder, lease_until)
    values (${organizationId}, ${userId}, ${source}, ${sourceId}, ${lease.holder},
      now() + make_interval(secs => ${lease.seconds}))
    on conflict (organization_id, user_id, source, source_id) do update
    set holder = excluded.holder, lease_until = excluded.lease_until
    where imports.instance_id is null and imports.lease_until <= now()
    returning 1 as claimed`.execute(db.kysely)
  if (rows.length > 0) return undefined
  const { rows: known } = await sql<KnownImport>`
    select instance_id, coalesce(extract(epoch from lease_until - now()), 0)::float8 as leased_for
    from imports
    where organization_id = ${organizationId} and user_id = ${userId} and source = ${source}
      and source_id = ${sourceId}`.execute(db.kysely)
  // Given up between the two looks: whoever asks again gets it.
  return known[0] ?? { instanceId: null, leasedFor: 0 }
}

const finishStatement = {
  name: 'finish-import',
  text: `
    with done as (
      update imports set instance_id = $5, holder = null, lease_until = null
      where organization_id = $1 and user_id = $2 and source = $3 and source_id = $4
        and holder = $6 and instance_id is null
      returning 1
    ), switched as (
      update instances set disabled = true
      where organization_id = $1 and id = $5 and $7 and exists (select from done)
    ), audit as (
      insert into audit_entries
        (organization_id, user_id, action, instance_id, request_id, address, detail)
      select $1, $2, 'instance.imported', $5, $8, $9,
        jsonb_build_object('source', $3::uuid, 'sourceId', $4::bigint)
      from done
    )
    select count(*) as count from done`,
}

/**
 * Says that it is this instance here, in the transaction that stores it.
 * @returns false where somebody else has taken it over since
 */
export async function finishImport(
  client: pg.PoolClient,
  { organizationId, userId, source, sourceId }: ImportKeyOfSource,
  given: {
    instanceId: number
    holder: string
    disabled: boolean
    requestId: string
    address: string
  },
): Promise<boolean> {
  const { instanceId, holder, disabled, requestId, address } = given
  const key = [organizationId, userId, source, sourceId]
  const values = [...key, instanceId, holder, disabled, requestId, address]
  const [done] = await prepared<{ count: number }>(client, finishStatement, values)
  return done!.count > 0
}

/** Lets go of what the holder has not taken over. */
export async function releaseImport(
  db: Pick<Db, 'kysely'>,
  { organizationId, userId, source, sourceId }: ImportKeyOfSource,
  holder: string,
) {
  await db.kysely
    .deleteFrom('imports')
    .where('organizationId', '=', organizationId)
    .where('userId', '=', userId)
    .where('source', '=', source)
    .where('sourceId', '=', sourceId)
    .where('holder', '=', holder)
    .where('instanceId', 'is', null)
    .execute()
}
