import { type RawBuilder, sql } from 'kysely'

/** Whose instances are looked for, and what must hold for them. */
export interface InstanceFilters {
  organizationId: number
  userId: number
  /** All of them. */
  tags: readonly string[]
  externalId?: string | undefined
  /** Of one of these elements. */
  elementIds?: readonly number[] | undefined
  state?: string | undefined
  text?: SoughtText | undefined
}

/** In the name, or in the key of the element. */
export interface SoughtText {
  text: string
  /** Those whose keys hold it. */
  elementIds: readonly number[]
}

/** In the order of their ids. */
export interface Window {
  after: number
  limit: number
}

type Ids = RawBuilder<{ id: number }>

/**
 * Reads an index in the order of ids from `after` on, whichever leads to the fewest instances, so
 * that the first page and the last cost the same.
 */
export function idsQuery(filters: InstanceFilters, window: Window): Ids {
  const { tags, externalId, elementIds, text } = filters
  if (externalId !== undefined) return walk(filters, window)
  if (tags.length > 0) return byTags(filters, window)
  return elementIds && !text ? byElements(filters, elementIds, window) : walk(filters, window)
}

function walk(filters: InstanceFilters, { after, limit }: Window): Ids {
  return sql`
    select i.id from instances i
    where ${owned('i', filters)} and i.id > ${after} ${conditions(filters)}
    order by i.id limit ${limit}`
}

function byTags({ tags, ...filters }: InstanceFilters, { after, limit }: Window): Ids {
  const tagged = tags.map((tag, at) => {
    const alias = sql.ref(`t${at}`)
    const same = sql`${owned(`t${at}`, filters)} and ${alias}.tag = ${tag}
      and ${alias}.instance_id > ${after}`
    return { alias, same }
  })
  const [first, ...others] = tagged
  const joined = others.map(
    ({ alias, same }) => sql`
    join instance_tags ${alias} on ${same} and ${alias}.instance_id = t0.instance_id`,
  )
  const rest = conditions({ ...filters, tags: [] })
  // Each is looked up by itself: a join might walk through all instances to find those few.
  const looked = isNothing({ ...filters, tags: [] })
    ? sql``
    : sql`cross join lateral (
        select from instances i where ${owned('i', filters)} and i.id = t0.instance_id ${rest}
        offset 0
      ) i`
  return sql`
    select t0.instance_id as id from instance_tags t0 ${sql.join(joined, sql` `)} ${looked}
    where ${first!.same}
    order by t0.instance_id limit ${limit}`
}

/** The index has the ids of each element in order, not those of several. */
function byElements(
  { elementIds: _, ...filters }: InstanceFilters,
  elementIds: readonly number[],
  { after, limit }: Window,
): Ids {
  return sql`
    select found.id from unnest(${elementIds}::bigint[]) as of (element_id)
    cross join lateral (
      select i.id from instances i
      where ${owned('i', filters)} and i.element_id = of.element_id and i.id > ${after}
        ${conditions(filters)}
      order by i.id limit ${limit}
    ) found
    order by found.id limit ${limit}`
}

export function owned(alias: string, { organizationId, userId }: InstanceFilters | Owner) {
  const table = sql.ref(alias)
  return sql`${table}.organization_id = ${organizationId} and ${table}.user_id = ${userId}`
}

export type Owner = Pick<InstanceFilters, 'organizationId' | 'userId'>

function isNothing({ tags, externalId, elementIds, state, text }: InstanceFilters): boolean {
  return tags.length === 0 && !externalId && !elementIds && !state && !text
}

/** Of what is there besides of whose they are. */
export function conditions({ tags, externalId, elementIds, state, text }: InstanceFilters) {
  const all = [
    externalId !== undefined && sql`i.external_id = ${externalId}`,
    tags.length > 0 && sql`i.tags @> ${tags}::text[]`,
    elementIds && sql`i.element_id = any(${elementIds}::bigint[])`,
    state === 'disabled' && sql`i.disabled`,
    state !== undefined && state !== 'disabled' && sql`i.state = ${state}`,
    text && sql`(${named(text)} or i.element_id = any(${text.elementIds}::bigint[]))`,
  ].filter((one) => one !== false && one !== undefined)
  return all.length === 0 ? sql`` : sql`and ${sql.join(all, sql` and `)}`
}

export function named({ text }: SoughtText) {
  return sql`strpos(lower(i.name), lower(${text})) > 0`
}
