import { type RawBuilder, sql } from 'kysely'

/** What deletes records whose days are over, `limit` at most, and counts them. */
export type Purge = (scope: {
  organizationId: number
  days: number
  limit: number
}) => RawBuilder<{ count: number }>

/**
 * By the index on that time, the oldest first.
 * @param secretsOf which secrets go with what is `gone`
 */
export function purgeBy(
  name: string,
  time: string,
  key: string[],
  secretsOf?: RawBuilder<unknown>,
): Purge {
  const table = sql.table(name)
  const columns = key.map((column) => sql.ref(column))
  const same = key.map(
    (column) => sql`${sql.ref(`${name}.${column}`)} = ${sql.ref(`over.${column}`)}`,
  )
  return ({ organizationId, days, limit }) => {
    const unsealed = sql`, unsealed as (
      delete from secrets using gone where secrets.organization_id = ${organizationId} and ${secretsOf}
    )`
    return sql`
    with over as (
      select ${sql.join(columns)} from ${table}
      where organization_id = ${organizationId}
        and ${sql.ref(time)} < now() - make_interval(days => ${days})
      order by organization_id, ${sql.ref(time)} limit ${limit} for update skip locked
    ), gone as (
      delete from ${table} using over
      where ${sql.ref(`${name}.organization_id`)} = ${organizationId}
        and ${sql.join(same, sql` and `)}
      returning ${table}.*
    )${secretsOf ? unsealed : sql``}
    select count(*) as count from gone`
  }
}
