import { afterAll, beforeAll, expect, test } from 'vitest'
import { belongings } from '../../src/access/belongings-store.ts'
import { bodyOf } from '../certificates/fixtures.ts'
import { call, helpDesk } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { addPerson, type Person, password, signIn, trySignIn } from './people.ts'

let world: World

beforeAll(async () => {
  world = await startWorld({ env: { LATCHKEY_TRUST_PROXY: 'true' } })
})
afterAll(() => world[Symbol.asyncDispose]())

const remove = (id: number | string, query = '', caller: object = world) =>
  call({ ...world, ...caller }, 'DELETE', `/users/${id}${query}`)
const provision = async (person: Person) =>
  (await call(world, 'POST', '/instances', { ...person, body: helpDesk(world) })).body
const query = async (text: string, ...values: unknown[]) =>
  (await world.context.db.pool.query(text, values)).rows

test('a user who has nothing is gone, with secrets, password and tokens', async () => {
  const ada = await addPerson(world)
  const bearer = await signIn(world, ada)
  const asked = { ...ada, headers: { 'idempotency-key': 'one' } }
  expect(
    (await call(world, 'POST', '/instances', { ...asked, body: helpDesk(world) })).status,
  ).toBe(200)
  const [{ id }] = await query('select id from instances where user_id = $1', ada.id)
  await query('delete from instances where id = $1', id)
  const gone = await remove(ada.email)
  expect([gone.status, gone.text]).toEqual([200, ''])
  for (const authorization of [ada.authorization, bearer]) {
    await expect
      .poll(async () => (await call(world, 'GET', '/users', { authorization })).status)
      .toBe(401)
  }
  expect((await remove(ada.id)).body.code).toBe('user-not-found')
  const tables = await query(`
    select table_name as name from information_schema.columns
    where table_schema = 'public' and column_name = 'user_id' and table_name <> 'audit_entries'`)
  for (const { name } of tables) {
    const rows = await query(`select 1 from ${name} where user_id = $1`, ada.id)
    expect([name, rows.length]).toEqual([name, 0])
  }
  expect(await query('select 1 from secrets where owner = $1', `user/${ada.id}`)).toEqual([])
  // The address is free again.
  expect((await addPerson(world, { email: ada.email })).id).not.toBe(ada.id)
})

test('a user who has instances stays, and they are named', async () => {
  const ada = await addPerson(world)
  const { id, name } = await provision(ada)
  const { status, body } = await remove(ada.id)
  expect([status, body.code]).toEqual([409, 'user-in-use'])
  expect(body.references).toEqual([{ id, name }])
  expect((await call(world, 'GET', `/instances/${id}`, ada)).status).toBe(200)
})

test('a user who has a certificate stays', async () => {
  const ada = await addPerson(world)
  const body = bodyOf('default.p12')
  expect((await call(world, 'POST', '/certificates', { ...ada, body })).status).toBe(200)
  const refused = await remove(ada.id)
  expect([refused.status, refused.body.code, refused.body.references]).toEqual([
    409,
    'user-in-use',
    [],
  ])
})

test('with reassignTo, what a user has becomes another’s, who can use it', async () => {
  const [ada, heir] = [await addPerson(world), await addPerson(world)]
  const instances = [await provision(ada), await provision(ada)]
  const certificate = await call(world, 'POST', '/certificates', {
    ...ada,
    body: bodyOf('default.p12'),
  })
  expect((await remove(ada.id, `?reassignTo=${heir.id}`)).status).toBe(200)
  for (const { id, token } of instances) {
    const { body } = await call(world, 'GET', `/instances/${id}`, heir)
    expect([body.token, body.user.id]).toEqual([token, heir.id])
    // An admin sees it, and not its token.
    expect((await call(world, 'GET', `/instances/${id}`)).body.token).toBe('********')
    const entries = await query(
      "select user_id, owner_id from audit_entries where instance_id = $1 and action = 'instance.reassigned'",
      id,
    )
    expect(entries).toEqual([{ user_id: world.userId, owner_id: heir.id }])
  }
  const path = `/certificates/${certificate.body.id}`
  expect((await call(world, 'GET', path, heir)).body.userId).toBe(heir.id)
  const [entry] = await query(
    "select user_id, detail from audit_entries where action = 'user.deleted' and detail->>'userId' = $1",
    String(ada.id),
  )
  expect(entry).toEqual({
    user_id: world.userId,
    detail: { userId: ada.id, reassignedTo: heir.id },
  })
})

test('what a user has goes to nobody who could not have it', async () => {
  const ada = await addPerson(world)
  const { id } = await provision(ada)
  const inactive = await addPerson(world)
  await call(world, 'PATCH', `/users/${inactive.id}`, { body: { active: false } })
  const other = await world.addOrganization()
  for (const heir of [ada.id, inactive.id, other.userId, 999_999]) {
    const { status, body } = await remove(ada.id, `?reassignTo=${heir}`)
    expect([status, body.code]).toEqual([400, 'parameters-invalid'])
  }
  for (const heir of ['0', 'nobody', '-1']) {
    expect((await remove(ada.id, `?reassignTo=${heir}`)).status).toBe(400)
  }
  expect((await call(world, 'GET', `/instances/${id}`, ada)).status).toBe(200)
})

test('a user is deleted by no other user, not even by themselves, nor by another organization', async () => {
  const [ada, eve] = [await addPerson(world), await addPerson(world)]
  expect((await remove(ada.id, '', eve)).body.code).toBe('role-insufficient')
  expect((await remove(ada.id, '', ada)).body.code).toBe('role-insufficient')
  const other = await world.addOrganization()
  expect((await remove(ada.id, '', other)).body.code).toBe('user-not-found')
  expect((await trySignIn(world, { username: ada.email, password })).status).toBe(200)
})

test('whatever else refers to users is known to the deletion', async () => {
  const rows = await query(`
    select conrelid::regclass::text as table from pg_constraint
    where contype = 'f' and confrelid = 'users'::regclass and confdeltype = 'a'`)
  const known = belongings.map(({ table }) => table)
  expect(known).toEqual(expect.arrayContaining(rows.map(({ table }) => table)))
})
