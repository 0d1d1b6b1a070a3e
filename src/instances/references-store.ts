import { sql } from 'kysely'
import type { Db } from '../database/database.ts'
import type { InstanceKey, InstanceRecord } from './store.ts'

type Queries = Pick<Db, 'kysely'>

export interface StoredReference {
  name: string
  url: string | null
  description: string | null
  createdAt: Date
  updatedAt: Date
}

export interface LockedInstance extends Pick<InstanceRecord, 'userId' | 'elementId' | 'state'> {
  id: number
  disabled: boolean
}

/**
 * Until the end of the transaction nobody else changes these instances or says that he uses them.
 * @returns those that are there, as they are now
 */
export async function lockInstances(
  { kysely }: Queries,
  organizationId: number,
  ids: readonly number[],
): Promise<LockedInstance[]> {
  const { rows } = await sql<LockedInstance>`
    select id, user_id, element_id, state, disabled from instances
    where organization_id = ${organizationId} and id = any(${ids}::bigint[])
    order by id for update`.execute(kysely)
  return rows
}

/** What uses an instance, by name. */
export async function listReferences(
  { kysely }: Queries,
  { organizationId, id }: InstanceKey,
): Promise<StoredReference[]> {
  return kysely
    .selectFrom('instanceReferences')
    .select(['name', 'url', 'description', 'createdAt', 'updatedAt'])
    .where('organizationId', '=', organizationId)
    .where('instanceId', '=', id)
    .orderBy('name')
    .execute()
}

/** Adds a reference, or makes one of that name read so. */
export async function saveReference(
  { kysely }: Queries,
  { organizationId, id }: InstanceKey,
  { name, url, description }: Omit<StoredReference, 'createdAt' | 'updatedAt'>,
): Promise<StoredReference> {
  return kysely
    .insertInto('instanceReferences')
    .values({ organizationId, instanceId: id, name, url, description })
    .onConflict((conflict) =>
      conflict
        .columns(['organizationId', 'instanceId', 'name'])
        .doUpdateSet({ url, description, updatedAt: sql`now()` }),
    )
    .returning(['name', 'url', 'description', 'createdAt', 'updatedAt'])
    .executeTakeFirstOrThrow()
}

/** @returns whether it was there */
export async function deleteReference(
  { kysely }: Queries,
  { organizationId, id }: InstanceKey,
  name: string,
): Promise<boolean> {
  const { numDeletedRows } = await kysely
    .deleteFrom('instanceReferences')
    .where('organizationId', '=', organizationId)
    .where('instanceId', '=', id)
    .where('name', '=', name)
    .executeTakeFirst()
  return numDeletedRows > 0
}

/** Those of a name that the other has already stay the other's own. */
export async function moveReferences(
  { kysely }: Queries,
  { organizationId, id }: InstanceKey,
  to: number,
): Promise<void> {
  await sql`
    with gone as (
      delete from instance_references
      where organization_id = ${organizationId} and instance_id = ${id}
      returning name, url, description, created_at
    )
    insert into instance_references
      (organization_id, instance_id, name, url, description, created_at)
    select ${organizationId}, ${to}, name, url, description, created_at from gone
    on conflict (organization_id, instance_id, name) do nothing`.execute(kysely)
}
