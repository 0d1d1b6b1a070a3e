import type { World } from '../support/world.ts'

/** Every row that is an organization's, by table, as text. */
export async function rowsOf(world: World, organizationId: number): Promise<Map<string, string[]>> {
  const { pool } = world.context.db
  const { rows: tables } = await pool.query(
    `select table_schema || '.' || table_name as name from information_schema.columns
     join information_schema.tables using (table_schema, table_name)
     where column_name = 'organization_id' and table_type = 'BASE TABLE'`,
  )
  const found = new Map<string, string[]>()
  for (const { name } of tables) {
    const { rows } = await pool.query(
      `select one::text as row from ${name} one where organization_id = $1 order by row`,
      [organizationId],
    )
    found.set(
      name,
      rows.map(({ row }) => row),
    )
  }
  return found
}
