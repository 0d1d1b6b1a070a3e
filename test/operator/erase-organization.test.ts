import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { definitions, Scene } from '../audit/scene.ts'
import { bodyOf } from '../certificates/fixtures.ts'
import { call, helpDesk } from '../support/client.ts'
import { until } from '../support/until.ts'
import { api2, type World } from '../support/world.ts'
import { operate, startOperatedWorld } from './operator.ts'

let world: World
let victim: { authorization: string; organizationId: number; userId: number }
let instance: { id: number; token: string }
beforeAll(async () => {
  world = await startOperatedWorld({ jobs: true, definitions })
  await fill(world)
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  victim = await world.addOrganization()
  instance = await fill({ ...world, ...victim })
})

const query = async (text: string, values: unknown[] = []) =>
  (await world.context.db.pool.query(text, values)).rows

/** One of everything that requests leave behind. */
async function fill(caller: World) {
  const good = async (...request: Parameters<typeof call>) => {
    const { status, body } = await call(...request)
    expect(status, JSON.stringify(body)).toBe(200)
    return body
  }
  const login = { 'helpdesk.connectwise.username': api2.id }
  const body = helpDesk(caller, { ...login, 'helpdesk.connectwise.password': api2.password })
  const headers = { 'idempotency-key': randomUUID() }
  const made = await good(caller, 'POST', '/instances', { body, headers })
  await good(caller, 'POST', '/certificates', { body: bodyOf('default.p12', { shared: true }) })
  const own = { ...(await good(caller, 'GET', '/elements/connectwisehd/export')), key: 'copied' }
  await good(caller, 'POST', '/elements', { body: own })
  const { configuration } = body
  const element = { key: 'copied' }
  await good(caller, 'POST', '/instances', { body: { name: 'Own', element, configuration } })
  await good(caller, 'PUT', '/organization/retention', { body: { auditEntries: 30 } })
  const scene = new Scene(caller)
  await scene.newApp()
  await scene.newSession()
  await scene.make('/connection-pools', { name: 'Import', limit: 5 })
  const { email: username, password } = await scene.newUser()
  await scene.make('/authentication', { username, password })
  return made
}

/** How many rows each table holds that can hold any of an organization. */
async function count(organizationId: number): Promise<Record<string, number>> {
  const tables = await query(
    `select table_schema || '.' || table_name as name from information_schema.columns
     join information_schema.tables using (table_schema, table_name)
     where column_name = 'organization_id' and table_type = 'BASE TABLE'`,
  )
  const counts: Record<string, number> = {}
  for (const { name } of tables) {
    const text = `select count(*) as count from ${name} where organization_id = $1`
    const [row] = await query(text, [organizationId])
    if (row.count > 0) counts[name.replace('public.', '')] = row.count
  }
  return counts
}

/** As if it had begun long ago, so that nothing of before is under way. */
const backdate = (organizationId: number) =>
  query(
    "update organizations set erasing_since = now() - interval '1 hour' where organization_id = $1",
    [organizationId],
  )

test('an erased organization leaves no row in any table, and others keep all of theirs', async () => {
  const { organizationId } = victim
  const others = await count(world.organizationId)
  expect(Object.keys(await count(organizationId))).toEqual(
    expect.arrayContaining([
      'access_secrets',
      'accounts',
      'audit_entries',
      'certificates',
      'connect_sessions',
      'data_keys',
      'idempotency_claims',
      'installed_elements',
      'instance_tokens',
      'instances',
      'logins',
      'oauth_apps',
      'organizations',
      'own_element_versions',
      'own_elements',
      'passwords',
      'retention_settings',
      'secrets',
      'shared_limits',
      'sign_in_tokens',
      'users',
    ]),
  )
  const erased = await operate(world, 'DELETE', `/${organizationId}`)
  expect([erased.status, erased.body]).toEqual([200, { state: 'erasing' }])
  expect(await count(organizationId)).toEqual({ organizations: 1 })
  expect((await operate(world, 'GET', `/${organizationId}`)).body).toMatchObject({
    state: 'erasing',
    name: '',
  })
  await backdate(organizationId)
  expect((await operate(world, 'DELETE', `/${organizationId}`)).body).toEqual({ state: 'erased' })
  expect(await count(organizationId)).toEqual({})
  expect(await count(world.organizationId)).toEqual(others)
  expect((await operate(world, 'GET', `/${organizationId}`)).status).toBe(404)
  expect((await operate(world, 'DELETE', `/${organizationId}`)).status).toBe(404)
})

test('a backup of its sealed rows does not open any more without the key', async () => {
  const { organizationId } = victim
  const { vault } = world.context
  const backup = await query(
    `select owner, entry, secret_version as "secretVersion", origins, sealed from secrets
     where organization_id = $1 and cardinality(origins) > 0`,
    [organizationId],
  )
  const open = ({ sealed, ...place }: (typeof backup)[number]) =>
    vault.open({ organizationId, ...place }, sealed, place.origins[0])
  expect(backup.length).toBeGreaterThan(4)
  const opened = await Promise.all(backup.map(open))
  expect(opened).toContain(api2.password)
  expect(opened).toContain(instance.token)
  await operate(world, 'DELETE', `/${organizationId}`)
  for (const row of backup) await expect(open(row)).rejects.toThrow('no data key')
})

test('its callers are unknown at once, and its token opens nothing', async () => {
  await operate(world, 'DELETE', `/${victim.organizationId}`)
  const { body } = await call({ ...world, ...victim }, 'GET', `/instances/${instance.id}`)
  expect(body.code).toBe('organization-unknown')
})

test('what is being erased cannot be changed', async () => {
  await operate(world, 'DELETE', `/${victim.organizationId}`)
  const change = { disabled: false }
  const { status, body } = await operate(world, 'PATCH', `/${victim.organizationId}`, change)
  expect([status, body.code]).toEqual([409, 'organization-erasing'])
})

describe('an erasure that ends in the middle', () => {
  const trouble = async (work: () => Promise<void>) => {
    await query(`create function trouble() returns trigger language plpgsql as
      $$ begin raise exception 'as if the process had been killed'; end $$`)
    await query(`create trigger trouble before delete on instances
      for each row execute function trouble()`)
    try {
      await work()
    } finally {
      await query('drop function trouble cascade')
    }
  }

  test('has erased the keys, and goes on in the background where it left off', async () => {
    const { organizationId } = victim
    await trouble(async () => {
      expect((await operate(world, 'DELETE', `/${organizationId}`)).status).toBe(500)
      const left = await count(organizationId)
      expect(left).toMatchObject({ instances: 2, organizations: 1 })
      expect(left).not.toHaveProperty('data_keys')
      expect(left).not.toHaveProperty('access_secrets')
    })
    await backdate(organizationId)
    await until(async () => Object.keys(await count(organizationId)).length === 0)
  })
})

test('what a request under way writes meanwhile goes, too', async () => {
  const { organizationId, userId } = victim
  await operate(world, 'DELETE', `/${organizationId}`)
  await query(
    `insert into idempotency_claims (organization_id, user_id, route, key, holder, pepper_id,
       fingerprint, expires_at) values ($1, $2, 'r', 'k', 'h', 1, '', now())`,
    [organizationId, userId],
  )
  await backdate(organizationId)
  expect((await operate(world, 'DELETE', `/${organizationId}`)).body.state).toBe('erased')
  expect(await count(organizationId)).toEqual({})
})
