import { type Db, prepared } from '../database/database.ts'

/** An element of the organization's own, by its current version. */
export interface OwnElement {
  id: number
  key: string
  version: string
  name: string
  hub: string
  description: string
  /** Of its definition, in characters. */
  size: number
  active: boolean
}

/** What an organization has. */
export interface Inventory {
  /** In the order of their ids. */
  own: readonly OwnElement[]
  /** The versions that it uses, by the element's id. */
  installed: ReadonlyMap<number, string>
}

const statement = {
  name: 'find-inventory',
  text: `
    select
      (select json_agg(o order by id) from (
        select id, key, version, name, hub, description, size, active from own_elements
        where organization_id = $1
      ) o) as own,
      (select json_agg(i) from (
        select element_id as id, version from installed_elements where organization_id = $1
      ) i) as installed`,
}

export async function findInventory(
  { pool }: Pick<Db, 'pool'>,
  organizationId: number,
): Promise<Inventory> {
  const [row] = await prepared<{
    own: OwnElement[] | null
    installed: { id: number; version: string }[] | null
  }>(pool, statement, [organizationId])
  const installed = row?.installed ?? []
  return {
    own: row?.own ?? [],
    installed: new Map(installed.map(({ id, version }) => [id, version])),
  }
}
