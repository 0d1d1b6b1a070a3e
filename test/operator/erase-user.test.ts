import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { belongings } from '../../src/access/belongings-store.ts'
import { bodyOf } from '../certificates/fixtures.ts'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { until } from '../support/until.ts'
import type { World } from '../support/world.ts'
import { operate, startOperatedWorld } from './operator.ts'

let world: World
let leaver: { authorization: string; userId: number; email: string }
let instance: { id: number; token: string }
let certificate: { id: number }
beforeAll(async () => {
  world = await startOperatedWorld({ jobs: true })
})
afterAll(() => world[Symbol.asyncDispose]())

const query = async (text: string, values: unknown[] = []) =>
  (await world.context.db.pool.query(text, values)).rows

const good = async (...request: Parameters<typeof call>) => {
  const { status, body } = await call(...request)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

beforeEach(async () => {
  const { userId, authorization } = await addColleague(world)
  const [{ email }] = await query(
    'select email from users where organization_id = $1 and id = $2',
    [world.organizationId, userId],
  )
  await query('insert into logins values ($1, $2, $3)', [email, world.organizationId, userId])
  leaver = { userId, authorization, email }
  const body = helpDesk(world)
  const headers = { 'idempotency-key': 'once' }
  instance = await good(world, 'POST', '/instances', { body, headers, authorization })
  const file = bodyOf('default.p12', { shared: false })
  certificate = await good(world, 'POST', '/certificates', { body: file, authorization })
})

const erase = (userId: number, parameters = '') =>
  operate(world, 'DELETE', `/${world.organizationId}/users/${userId}${parameters}`)

/** The tables of the organization with a row in which the text stands. */
async function tablesWith(text: string): Promise<string[]> {
  const tables = await query(
    `select table_name as name from information_schema.columns
     join information_schema.tables using (table_schema, table_name)
     where column_name = 'organization_id' and table_type = 'BASE TABLE'
       and table_schema = 'public'`,
  )
  const found: string[] = []
  for (const { name } of tables) {
    const rows = await query(
      `select from ${name} t where organization_id = $1 and position($2 in t::text) > 0 limit 1`,
      [world.organizationId, text],
    )
    if (rows.length > 0) found.push(name)
  }
  return found
}

test('an erased user is nowhere but in the audit, by the id alone', async () => {
  const { userId, email, authorization } = leaver
  expect(await tablesWith(email)).toEqual(expect.arrayContaining(['logins', 'users']))
  const { status, body, headers } = await erase(userId)
  expect([status, body]).toEqual([200, { state: 'erased' }])
  expect(await tablesWith(email)).toEqual([])
  const owners = await query('select owner from secrets where owner = any($1)', [
    [`user/${userId}`, `instance/${instance.id}`, `certificate/${certificate.id}`],
  ])
  expect(owners).toEqual([])
  const refused = await call(world, 'GET', `/instances/${instance.id}`, { authorization })
  expect(refused.body.code).toBe('user-unknown')
  const entries = await query(
    `select action, actor, user_id as "userId", instance_id as "instanceId", address, detail,
       request_id as "requestId" from audit_entries
     where organization_id = $1 and (user_id = $2 or actor = 'operator') and action <> 'organization.created'
     order by at, id`,
    [world.organizationId, userId],
  )
  const requestId = headers['elements-request-id']
  const byThem = { actor: 'user', userId, address: null }
  const byOperator = { actor: 'operator', userId: null, address: '127.0.0.1', requestId }
  expect(entries.filter((entry) => entry.userId === userId)).toMatchObject(
    entries.filter((entry) => entry.userId === userId).map(() => byThem),
  )
  expect(entries.filter((entry) => entry.requestId === requestId)).toMatchObject([
    { ...byOperator, action: 'user.erased', detail: { userId } },
    { ...byOperator, action: 'instance.deleted', instanceId: instance.id },
    { ...byOperator, action: 'certificate.deleted', detail: { certificateId: certificate.id } },
  ])
  expect(entries.map(({ action }) => action)).toContain('certificate.created')
  expect((await erase(userId)).status).toBe(404)
})

test('what is reassigned keeps its id, its token and its sealed secrets', async () => {
  const { userId } = leaver
  const answer = await erase(userId, `?reassignTo=${world.userId}`)
  expect([answer.status, answer.body]).toEqual([200, { state: 'erased' }])
  const read = await good(world, 'GET', `/instances/${instance.id}`)
  expect(read).toMatchObject({ id: instance.id, token: instance.token, user: { id: world.userId } })
  expect((await good(world, 'GET', `/certificates/${certificate.id}`)).userId).toBe(world.userId)
  const { body } = await call(world, 'GET', `/audit?instanceId=${instance.id}`)
  expect(body[0]).toMatchObject({ action: 'instance.reassigned', ownerId: world.userId })
})

describe('an erasure is refused, and changes nothing,', () => {
  const untouched = async () => {
    const { authorization } = leaver
    await good(world, 'GET', `/instances/${instance.id}`, { authorization })
  }

  test('of somebody who is not in the organization', async () => {
    const other = await world.addOrganization()
    expect((await erase(other.userId)).body.code).toBe('user-not-found')
    const elsewhere = `/${other.organizationId}/users/${leaver.userId}`
    expect((await operate(world, 'DELETE', elsewhere)).body.code).toBe('user-not-found')
    await untouched()
  })

  test('in favour of themselves, or of nobody in the organization', async () => {
    const other = await world.addOrganization()
    for (const heir of [leaver.userId, other.userId, 999_999]) {
      const { status, body } = await erase(leaver.userId, `?reassignTo=${heir}`)
      expect([status, body.code]).toEqual([404, 'user-not-found'])
    }
    await untouched()
  })

  test('of the only admin', async () => {
    const { status, body } = await erase(world.userId)
    expect([status, body.code]).toEqual([409, 'last-admin'])
  })

  test('where instances of others use what the user shares', async () => {
    await query('update certificates set shared = true where organization_id = $1 and id = $2', [
      world.organizationId,
      certificate.id,
    ])
    const mine = await good(world, 'POST', '/instances', { body: helpDesk(world) })
    await query('insert into certificate_uses values ($1, $2, $3)', [
      world.organizationId,
      certificate.id,
      mine.id,
    ])
    const { status, body } = await erase(leaver.userId)
    expect([status, body.code]).toEqual([409, 'user-sharing'])
    await untouched()
    expect((await erase(leaver.userId, `?reassignTo=${world.userId}`)).body.state).toBe('erased')
  })
})

test('an erasure that ends in the middle has forgotten the person, and goes on by itself', async () => {
  const { userId, email, authorization } = leaver
  await query(`create function trouble() returns trigger language plpgsql as
    $$ begin raise exception 'as if the process had been killed'; end $$`)
  await query(`create trigger trouble before delete on instances
    for each row execute function trouble()`)
  try {
    expect((await erase(userId)).status).toBe(500)
    expect(await tablesWith(email)).toEqual([])
    await until(async () => {
      const { status } = await call(world, 'GET', '/certificates', { authorization })
      return status === 401
    })
  } finally {
    await query('drop function trouble cascade')
  }
  await until(async () => {
    const left = await query('select from users where id = $1', [userId])
    return left.length === 0
  })
})

test('every table that knows users is known to the erasure', async () => {
  const columns = await query(
    `select table_name as name from information_schema.columns
     where column_name = 'user_id' and table_schema = 'public' order by 1`,
  )
  const byThemselves = await query(
    `select conrelid::regclass::text as name from pg_constraint
     where confrelid = 'users'::regclass and confdeltype in ('c', 'n')`,
  )
  const known = [
    ...belongings.map(({ table }) => table),
    ...byThemselves.map(({ name }) => name),
    'audit_entries',
    // Follows the instances, by triggers of theirs.
    'instance_tags',
  ]
  expect(columns.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([])
})
