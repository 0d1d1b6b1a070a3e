import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'
import type { Scalar } from '../definition/configuration.ts'
import type { StoredInstance } from './fit.ts'

/** An instance that is at another version of its element than the one asked for. */
export interface BehindInstance extends StoredInstance {
  id: number
  name: string
  revision: number
}

interface Asked {
  organizationId: number
  elementId: number
  version: string
}

const pageSize = 100

const listStatement = {
  name: 'list-instances-behind',
  text: `
    select i.id, i.name, i.revision, i.authentication_type as "authenticationType",
      i.configuration,
      coalesce((select json_agg(s) from (
        select distinct on (entry) entry, origins from secrets
        where organization_id = $1 and owner = 'instance/' || i.id
        order by entry, secret_version desc
      ) s), '[]') as secrets
    from instances i
    where i.organization_id = $1 and i.element_id = $2 and i.element_version <> $3 and i.id > $4
    order by i.id limit ${pageSize}`,
}

/** All that are behind, a page at a time; what changes meanwhile may or may not be among them. */
export async function* pagesBehind(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, elementId, version }: Asked,
): AsyncGenerator<BehindInstance[]> {
  let after = 0
  for (;;) {
    const values = [organizationId, elementId, version, after]
    const page = await prepared<BehindInstance & pg.QueryResultRow>(pool, listStatement, values)
    if (page.length > 0) yield page
    if (page.length < pageSize) return
    after = page.at(-1)!.id
  }
}

const moveStatement = {
  name: 'move-instances',
  text: `
    with moved as (
      update instances i
      set element_version = $3, configuration = given.configuration::jsonb,
        revision = i.revision + 1, updated_at = now()
      from unnest($4::bigint[], $5::integer[], $6::text[]) as given (id, revision, configuration)
      where i.organization_id = $1 and i.element_id = $2 and i.id = given.id
        and i.revision = given.revision
      returning i.id
    ), audit as (
      insert into audit_entries
        (organization_id, user_id, action, instance_id, request_id, address, detail)
      select $1, $7, 'instance.updated', id, $8, $9, jsonb_build_object('version', $3::text)
      from moved
    )
    select count(*) as count from moved`,
}

/** Points instances at the version, except those that somebody changed since they were read. */
export async function moveInstances(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, elementId, version }: Asked,
  instances: { id: number; revision: number; configuration: Record<string, Scalar> }[],
  deed: { userId: number; requestId: string; address: string },
): Promise<number> {
  const [row] = await prepared<{ count: number }>(pool, moveStatement, [
    organizationId,
    elementId,
    version,
    instances.map(({ id }) => id),
    instances.map(({ revision }) => revision),
    instances.map(({ configuration }) => JSON.stringify(configuration)),
    deed.userId,
    deed.requestId,
    deed.address,
  ])
  return row!.count
}
