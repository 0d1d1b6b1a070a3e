import { sql } from 'kysely'
import type { Db } from '../database/database.ts'
import type { Element } from '../definition/element.ts'
import { sizeOf } from './catalog.ts'

interface OwnKey {
  organizationId: number
  id: number
}

interface Author {
  organizationId: number
  userId: number
}

/** An element with the name of its version. */
export interface OwnContent {
  element: Element
  version: string
}

/** Versions that no instance points at are kept for a while, for who is just about to. */
const keptUnused = 20

export async function nextOwnId(db: Db): Promise<number> {
  const { rows } = await sql<{ id: number }>`select nextval('own_elements_id_seq') as id`.execute(
    db.kysely,
  )
  return rows[0]!.id
}

/** How many there are; others who ask the same wait until the transaction has ended. */
export async function lockAndCountOwn(db: Db, organizationId: number): Promise<number> {
  await db.kysely
    .selectFrom('organizations')
    .select('organizationId')
    .where('organizationId', '=', organizationId)
    .forNoKeyUpdate()
    .execute()
  const { count } = await db.kysely
    .selectFrom('ownElements')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('organizationId', '=', organizationId)
    .executeTakeFirstOrThrow()
  return count
}

/** Rejects with a violated unique key where the organization has the element's key already. */
export async function insertOwn(
  db: Db,
  { organizationId, userId, element, version }: OwnContent & Author,
) {
  const { id, key, name, hub, description } = element
  await db.kysely
    .insertInto('ownElements')
    .values({
      organizationId,
      id,
      key,
      version,
      name,
      hub,
      description,
      size: sizeOf(element),
      userId,
    })
    .execute()
  await insertOwnVersion(db, organizationId, { element, version })
}

/**
 * Makes this the element's current version; rejects as `insertOwn` does.
 * @returns false where it was not there any more
 */
export async function updateOwn(
  db: Db,
  { organizationId, userId, element, version }: OwnContent & Author,
): Promise<boolean> {
  const { id, key, name, hub, description } = element
  const updated = await db.kysely
    .updateTable('ownElements')
    .set({
      key,
      version,
      name,
      hub,
      description,
      size: sizeOf(element),
      userId,
      updatedAt: sql<Date>`now()`,
    })
    .where('organizationId', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (updated.numUpdatedRows === 0n) return false
  await insertOwnVersion(db, organizationId, { element, version })
  await deleteUnusedVersions(db, { organizationId, id })
  return true
}

async function insertOwnVersion(
  db: Db,
  organizationId: number,
  { element, version }: OwnContent,
): Promise<void> {
  const definition = JSON.stringify(element)
  await db.kysely
    .insertInto('ownElementVersions')
    .values({ organizationId, elementId: element.id, version, definition })
    .onConflict((conflict) =>
      conflict
        .columns(['organizationId', 'elementId', 'version'])
        .doUpdateSet({ createdAt: sql<Date>`now()` }),
    )
    .execute()
}

async function deleteUnusedVersions(db: Db, { organizationId, id }: OwnKey) {
  await sql`
    delete from own_element_versions where organization_id = ${organizationId}
      and element_id = ${id} and version in (
        select v.version from own_element_versions v
        where v.organization_id = ${organizationId} and v.element_id = ${id}
          and not exists (select from installed_elements e
            where e.organization_id = ${organizationId} and e.element_id = ${id}
              and e.version = v.version)
          and not exists (select from instances i
            where i.organization_id = ${organizationId} and i.own_element_id = ${id}
              and i.element_version = v.version)
        order by v.created_at desc offset ${keptUnused})`.execute(db.kysely)
}

/**
 * With all its versions; rejects with a violated foreign key where an instance points at one.
 * @returns false where it was not there any more
 */
export async function deleteOwn(db: Db, { organizationId, id }: OwnKey): Promise<boolean> {
  await db.kysely
    .deleteFrom('installedElements')
    .where('organizationId', '=', organizationId)
    .where('elementId', '=', id)
    .execute()
  const deleted = await db.kysely
    .deleteFrom('ownElements')
    .where('organizationId', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst()
  return deleted.numDeletedRows > 0n
}

/** @returns false where it was not there any more */
export async function setOwnActive(
  db: Db,
  { organizationId, id, userId, active }: OwnKey & Author & { active: boolean },
): Promise<boolean> {
  const updated = await db.kysely
    .updateTable('ownElements')
    .set({ active, userId, updatedAt: sql<Date>`now()` })
    .where('organizationId', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst()
  return updated.numUpdatedRows > 0n
}

export function findOwnVersions(
  db: Db,
  organizationId: number,
  wanted: readonly { id: number; version: string }[],
) {
  return db.kysely
    .selectFrom('ownElementVersions')
    .select(['elementId as id', 'version', 'definition'])
    .select(sql<number>`length(definition::text)`.as('size'))
    .where('organizationId', '=', organizationId)
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('elementId', 'version'),
        'in',
        wanted.map(({ id, version }) => tuple(id, version)),
      ),
    )
    .execute()
}
