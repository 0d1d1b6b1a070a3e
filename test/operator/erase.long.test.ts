import { expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startService } from '../support/service.ts'
import { until } from '../support/until.ts'
import { startWorld } from '../support/world.ts'
import { operatorKey } from './operator.ts'

const instances = 40_000
/** Of one statement, which has to end within the service's time for one. */
const slice = 2500

test('an erasure whose process is killed goes on in another, to the last row', async () => {
  await using world = await startWorld()
  const { organizationId, userId } = await world.addOrganization()
  const query = async (text: string) =>
    (await world.context.db.pool.query(text, [organizationId])).rows
  for (let from = 1; from <= instances; from += slice) {
    await world.context.db.pool.query(
      `insert into instances (organization_id, id, user_id, element_id, element_version, name, tags,
         configuration, authentication_type, settings, state)
       select $1, 100000 + n, $2, 117, 'v', 'x', '{}', '{}', 'basic', '{}', 'verified'
       from generate_series(${from}, ${from + slice - 1}) n`,
      [organizationId, userId],
    )
  }
  const left = async () =>
    (await query('select count(*) as count from instances where organization_id = $1'))[0].count
  const env = {
    DATABASE_URL: world.databaseUrl,
    LATCHKEY_KEYS: world.keys,
    LATCHKEY_OPERATOR_KEY: operatorKey,
  }
  await using killed = await startService(env)
  const caller = { url: killed.url, authorization: `Operator ${operatorKey}` }
  const path = `/operator/organizations/${organizationId}`
  const unanswered = call(caller, 'DELETE', path).catch(() => undefined)
  await until(async () => (await left()) < instances)
  await killed.stop('SIGKILL')
  expect(await unanswered).toBeUndefined()
  expect(await left()).toBeGreaterThan(0)
  expect(await query('select from data_keys where organization_id = $1')).toEqual([])

  await using other = await startService(env)
  await until(async () => (await left()) === 0)
  // As if it had begun long ago, so that nothing of before is under way.
  await query(
    "update organizations set erasing_since = now() - interval '1 hour' where organization_id = $1",
  )
  const after = { ...caller, url: other.url }
  await until(async () => (await call(after, 'GET', path)).status === 404)
  const tables = await world.context.db.pool.query(
    `select table_name as name from information_schema.columns
     join information_schema.tables using (table_schema, table_name)
     where column_name = 'organization_id' and table_type = 'BASE TABLE'
       and table_schema = 'public'`,
  )
  for (const { name } of tables.rows) {
    expect([name, await query(`select from ${name} where organization_id = $1`)]).toEqual([
      name,
      [],
    ])
  }
}, 180_000)
