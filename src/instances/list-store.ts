import { sql } from 'kysely'
import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'
import { tokenEntry } from '../vault/token.ts'
import {
  conditions,
  type InstanceFilters,
  idsQuery,
  named,
  type Owner,
  owned,
  type SoughtText,
  type Window,
} from './list-query.ts'
import { type FoundInstance, findInstance, instanceColumns, ownerOf } from './store.ts'

type Queries = Pick<Db, 'kysely'>

/** The ids of those that pass, as many as the window takes. */
export async function listIds(
  { kysely }: Queries,
  filters: InstanceFilters,
  window: Window,
): Promise<number[]> {
  const { rows } = await idsQuery(filters, window).execute(kysely)
  return rows.map(({ id }) => id)
}

/** How many pass, `limit` at most. */
export async function countIds(
  { kysely }: Queries,
  filters: InstanceFilters,
  limit: number,
): Promise<number> {
  const found = idsQuery(filters, { after: 0, limit })
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (${found}) found`.execute(kysely)
  return rows[0]!.count
}

/**
 * Looks through as many as `seen`, from `after` on, until so many are found; `complete` says whether
 * there are no more.
 */
export async function lookThrough(
  { kysely }: Queries,
  filters: InstanceFilters,
  { after, limit, seen }: Window & { seen: number },
): Promise<{ ids: number[]; complete: boolean }> {
  // Read as far as somebody asks for, and counted only where too few were found.
  const { rows } = await sql<{ ids: number[] | null; seen: number | null }>`
    with seen as materialized (
      select i.id, i.name, i.element_id, i.tags, i.external_id, i.state, i.disabled
      from instances i where ${owned('i', filters)} and i.id > ${after}
      order by i.id limit ${seen}
    ), found as materialized (
      select i.id from seen i where true ${conditions(filters)} order by i.id limit ${limit}
    )
    select (select json_agg(id order by id) from found) as ids,
      case when (select count(*) from found) < ${limit} then (select count(*) from seen) end as seen
  `.execute(kysely)
  const { ids, seen: count } = rows[0]!
  return { ids: ids ?? [], complete: count !== null && count < seen }
}

/** Those whose name holds the text, in no order, wherever they are; `limit` at most. */
export async function listNamed(
  { kysely }: Queries,
  filters: InstanceFilters & { text: SoughtText },
  limit: number,
): Promise<number[]> {
  const { organizationId, userId, text, ...others } = filters
  const { rows } = await sql<{ id: number }>`
    -- The sums keep the planner from reading all that a user has, where that is not much.
    select i.id from instances i
    where i.organization_id + 0 = ${organizationId} and i.user_id + 0 = ${userId}
      and instance_grams(i.organization_id, i.user_id, i.name) @> (${gramsOf(filters)})
      and ${named(text)}
      ${conditions({ organizationId, userId, ...others })}
    limit ${limit}`.execute(kysely)
  return rows.map(({ id }) => id)
}

/**
 * What the index of names is asked for: each character of the text once, but for the last three.
 * Every one of the text's groups of three would find the same, and each is looked up by itself.
 */
function gramsOf({ organizationId, userId, text: { text } }: Parameters<typeof listNamed>[1]) {
  const { length } = [...text]
  const starts = Array.from({ length: Math.floor(length / 3) }, (_, at) => 3 * at + 1)
  if (length % 3 > 0) starts.push(length - 2)
  const groups = starts.map(
    (at) =>
      sql`instance_grams(${organizationId}, ${userId}, substr(lower(${text}), ${at}::integer, 3))`,
  )
  return sql.join(groups, sql` || `)
}

const pageStatement = {
  name: 'list-instances',
  text: `
    with sealed as materialized (
      -- All at once: those of neighbours are neighbours in the index.
      select owner, json_agg(json_build_object('entry', entry, 'secretVersion', secret_version,
        'origins', origins, 'sealed', case when entry = $4 then sealed end)
        order by secret_version desc) as secrets
      from secrets
      where organization_id = $1 and owner = any($6::text[]) and (entry = $4 or $5)
      group by owner
    )
    select ${instanceColumns}, s.secrets
    from instances i left join sealed s on s.owner = 'instance/' || i.id
    where i.organization_id = $1 and i.user_id = $2 and i.id = any($3::bigint[])
    order by i.id`,
}

/** Those instances of the user; of their secrets the token, or the entries of the others too. */
export function readInstances(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, userId }: Owner,
  ids: readonly number[],
  withSecrets: boolean,
): Promise<FoundInstance[]> {
  if (ids.length === 1)
    return readOne({ pool }, { organizationId, userId, id: ids[0]! }, withSecrets)
  const values = [organizationId, userId, ids, tokenEntry, withSecrets, ids.map(ownerOf)]
  return prepared<FoundInstance & pg.QueryResultRow>(pool, pageStatement, values)
}

/** By fewer reads than one among many. */
async function readOne(
  db: Pick<Db, 'pool'>,
  key: Owner & { id: number },
  withSecrets: boolean,
): Promise<FoundInstance[]> {
  const found = await findInstance(db, key)
  if (!found) return []
  const secrets = found.secrets.filter(({ entry }) => withSecrets || entry === tokenEntry)
  return [{ ...found, secrets }]
}

/** When the tokens of each were used last; of those that never were, nothing. */
export async function readLastUses(
  { kysely }: Queries,
  { organizationId }: Owner,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Date>> {
  if (ids.length === 0) return new Map()
  const rows = await kysely
    .selectFrom('instanceTokens')
    .select(['instanceId', sql<Date>`max(last_used_at)`.as('at')])
    .where('organizationId', '=', organizationId)
    .where('instanceId', 'in', ids)
    .where('lastUsedAt', 'is not', null)
    .groupBy('instanceId')
    .execute()
  return new Map(rows.map(({ instanceId, at }) => [instanceId, at]))
}

const countStatement = {
  name: 'count-instances',
  text: `
    with recursive elements as (
      (select element_id from instances where organization_id = $1 and user_id = $2
        order by element_id limit 1)
      union all
      select (select i.element_id from instances i where i.organization_id = $1 and i.user_id = $2
        and i.element_id > e.element_id order by i.element_id limit 1)
      from elements e where e.element_id is not null
    )
    select e.element_id as "elementId", counted.count
    from elements e cross join lateral (
      select count(*) as count from (
        select from instances i
        where i.organization_id = $1 and i.user_id = $2 and i.element_id = e.element_id limit $3
      ) seen
    ) counted
    where e.element_id is not null`,
}

/** How many instances a user has of each element, `limit` at most. */
export function countByElement(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, userId }: Owner,
  limit: number,
): Promise<{ elementId: number; count: number }[]> {
  return prepared(pool, countStatement, [organizationId, userId, limit])
}
