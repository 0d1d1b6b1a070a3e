import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../database/database.ts'
import { type StatedName, statedKinds, statedNames } from './kinds.ts'

type Queries = Pick<Db, 'kysely'>

/** Days by kind of record. */
export type Retention = Record<StatedName, number>

/** What the organization says, and the defaults where it says nothing. */
export async function readRetention(db: Queries, organizationId: number): Promise<Retention> {
  const rows = await db.kysely
    .selectFrom('retentionSettings')
    .select(['kind', 'days'])
    .where('organizationId', '=', organizationId)
    .execute()
  const stated = new Map(rows.map(({ kind, days }) => [kind, days]))
  return Object.fromEntries(
    statedNames.map((kind) => [kind, stated.get(kind) ?? statedKinds[kind].default]),
  ) as Retention
}

/** What is left out stands at its default from then on. */
export async function replaceRetention(
  db: Queries,
  organizationId: number,
  stated: Partial<Retention>,
) {
  // One at a time, or two would write the same rows.
  await db.kysely
    .selectFrom('organizations')
    .select('organizationId')
    .where('organizationId', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
  await db.kysely
    .deleteFrom('retentionSettings')
    .where('organizationId', '=', organizationId)
    .execute()
  const rows = Object.entries(stated).map(([kind, days]) => ({ organizationId, kind, days }))
  if (rows.length > 0) await db.kysely.insertInto('retentionSettings').values(rows).execute()
}

/** Runs what deletes, where also the audit lets go of what is over. */
export async function runPurge(
  { kysely }: Queries,
  query: RawBuilder<{ count: number }>,
): Promise<number> {
  await sql`select set_config('latchkey.audit', 'retention', true)`.execute(kysely)
  return (await query.execute(kysely)).rows[0]!.count
}

/** The ids of some organizations, in order. */
export async function listOrganizations(
  { kysely }: Queries,
  { after, limit }: { after: number; limit: number },
): Promise<number[]> {
  const rows = await kysely
    .selectFrom('organizations')
    .select('organizationId')
    .where('organizationId', '>', after)
    .where('erasingSince', 'is', null)
    .orderBy('organizationId')
    .limit(limit)
    .execute()
  return rows.map(({ organizationId }) => organizationId)
}
