import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

type Queries = Pick<Db, 'kysely'>

/** A table that holds rows of organizations, and the columns that tell its rows apart. */
export interface TenantTable {
  name: string
  key: string[]
}

/**
 * Whatever has a column for the organization, the ones that refer to others before those; the
 * organization's own row not among them.
 */
export async function listTenantTables({ kysely }: Queries): Promise<TenantTable[]> {
  const { rows: tables } = await sql<TenantTable>`
    select c.relname as name, array(
      select attname::text from pg_index join pg_attribute on attrelid = c.oid
        and attnum = any(indkey) where indrelid = c.oid and indisprimary
    ) as key
    from pg_class c
    where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace and not relispartition
      and relname <> 'organizations' and exists (
        select from pg_attribute where attrelid = c.oid and attname = 'organization_id')
    order by relname`.execute(kysely)
  const { rows: references } = await sql<{ from: string; to: string }>`
    select f.relname as from, t.relname as to
    from pg_constraint join pg_class f on f.oid = conrelid join pg_class t on t.oid = confrelid
    where contype = 'f' and conrelid <> confrelid`.execute(kysely)
  return inOrder(tables, references)
}

function inOrder(tables: TenantTable[], references: { from: string; to: string }[]): TenantTable[] {
  const ordered: TenantTable[] = []
  let left = tables
  while (left.length > 0) {
    const free = left.filter(
      ({ name }) => !references.some(({ from, to }) => to === name && left.some(has(from))),
    )
    // Of those that refer to each other, one has to be the first.
    const next = free.length > 0 ? free : left.slice(0, 1)
    ordered.push(...next)
    left = left.filter((table) => !next.includes(table))
  }
  return ordered
}

function has(name: string) {
  return (table: TenantTable) => table.name === name
}

/** @returns how many rows went, `limit` at most */
export async function deleteRows(
  { kysely }: Queries,
  { name, key }: TenantTable,
  { organizationId, limit }: { organizationId: number; limit: number },
): Promise<number> {
  const table = sql.table(name)
  const columns = sql.join(key.map((column) => sql.ref(column)))
  const same = key.map(
    (column) => sql`${sql.ref(`${name}.${column}`)} = ${sql.ref(`doomed.${column}`)}`,
  )
  await saysErasure({ kysely })
  const { numAffectedRows } = await sql`
    delete from ${table} using (
      select ${columns} from ${table} where organization_id = ${organizationId} limit ${limit}
    ) doomed
    where ${sql.ref(`${name}.organization_id`)} = ${organizationId}
      and ${sql.join(same, sql` and `)}`.execute(kysely)
  return Number(numAffectedRows)
}

export async function hasRows(
  { kysely }: Queries,
  { name }: TenantTable,
  organizationId: number,
): Promise<boolean> {
  const { rows } = await sql`
    select from ${sql.table(name)} where organization_id = ${organizationId} limit 1
  `.execute(kysely)
  return rows.length > 0
}

/** For the rest of the transaction the audit lets go of what it holds. */
export async function saysErasure({ kysely }: Queries) {
  await sql`select set_config('latchkey.audit', 'erasure', true)`.execute(kysely)
}

/**
 * From now on nothing of it opens, and none of its callers is known.
 * @returns false where there is no such organization
 */
export async function beginErasure({ kysely }: Queries, organizationId: number): Promise<boolean> {
  const { numUpdatedRows } = await kysely
    .updateTable('organizations')
    .set({
      name: '',
      disabledAt: sql<Date>`coalesce(disabled_at, now())`,
      erasingSince: sql<Date>`coalesce(erasing_since, now())`,
    })
    .where('organizationId', '=', organizationId)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return false
  await kysely.deleteFrom('dataKeys').where('organizationId', '=', organizationId).execute()
  await kysely.deleteFrom('accessSecrets').where('organizationId', '=', organizationId).execute()
  return true
}

/** @returns whether its erasure began so long ago that nothing of before is still under way */
export async function deleteOrganization(
  { kysely }: Queries,
  { organizationId, afterSeconds }: { organizationId: number; afterSeconds: number },
): Promise<boolean> {
  const { numDeletedRows } = await kysely
    .deleteFrom('organizations')
    .where('organizationId', '=', organizationId)
    .where('erasingSince', '<', sql<Date>`now() - make_interval(secs => ${afterSeconds})`)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

export async function isErasing({ kysely }: Queries, organizationId: number): Promise<boolean> {
  const found = await kysely
    .selectFrom('organizations')
    .select('organizationId')
    .where('organizationId', '=', organizationId)
    .where('erasingSince', 'is not', null)
    .executeTakeFirst()
  return found !== undefined
}
