import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { addPerson, defaultAccountOf, newEmail, type Person } from './people.ts'

let world: World
let ada: Person
let accountId: number

beforeAll(async () => {
  world = await startWorld()
  accountId = await defaultAccountOf(world)
  ada = await addPerson(world)
})
afterAll(() => world[Symbol.asyncDispose]())

const add = async (body: object = {}) =>
  (await call(world, 'POST', '/accounts', { body: { name: 'Customer', ...body } })).body
const addUserTo = async (id: number, body: object = {}) =>
  (await call(world, 'POST', `/accounts/${id}/users`, { body: { email: newEmail(), ...body } }))
    .body

test('an organization begins with a default account, which its first user belongs to', async () => {
  const { body } = await call(world, 'GET', `/accounts/${accountId}`)
  expect(body).toMatchObject({ id: accountId, defaultAccount: true, type: 'Default', active: true })
  const { body: users } = await call(world, 'GET', `/accounts/${accountId}/users`)
  expect(users[0]).toMatchObject({ id: world.userId, accountId })
})

test('an account is added, replaced, changed and deleted', async () => {
  const made = await add({ externalId: 'customer-1' })
  expect(made).toMatchObject({
    name: 'Customer',
    description: '',
    externalId: 'customer-1',
    defaultAccount: false,
    type: 'CompanyAccount',
  })
  const path = `/accounts/${made.id}`
  const patched = await call(world, 'PATCH', path, { body: { description: 'Pays' } })
  expect(patched.body).toMatchObject({
    name: 'Customer',
    description: 'Pays',
    externalId: 'customer-1',
  })
  const put = await call(world, 'PUT', path, { body: { name: 'Renamed' } })
  expect(put.body).toMatchObject({ name: 'Renamed', description: '', externalId: null })
  expect((await call(world, 'PUT', path, { body: put.body })).body).toMatchObject({
    name: 'Renamed',
  })
  expect((await call(world, 'GET', path)).body.name).toBe('Renamed')
  const gone = await call(world, 'DELETE', path)
  expect([gone.status, gone.text]).toEqual([200, ''])
  expect((await call(world, 'GET', path)).status).toBe(404)
  const { rows } = await world.context.db.pool.query(
    `select action, user_id, address from audit_entries where detail->>'accountId' = $1 order by id`,
    [String(made.id)],
  )
  expect(rows.map(({ action }) => action)).toEqual([
    'account.created',
    'account.changed',
    'account.changed',
    'account.changed',
    'account.deleted',
  ])
  expect(rows[0]).toMatchObject({ user_id: world.userId, address: '127.0.0.1' })
})

test('accounts come in pages', async () => {
  for (let at = 0; at < 3; at += 1) await add()
  const { body: all } = await call(world, 'GET', '/accounts')
  const first = await call(world, 'GET', '/accounts?pageSize=2')
  const token = first.headers['elements-next-page-token']
  const second = await call(world, 'GET', `/accounts?pageSize=200&nextPage=${token}`)
  expect([...first.body, ...second.body]).toEqual(all)
  expect(second.headers['elements-next-page-token']).toBeUndefined()
})

describe('refused', () => {
  test.each([
    ['without a name', {}],
    ['with an empty name', { name: '' }],
    ['with a name of 256 characters', { name: 'a'.repeat(256) }],
    ['with a number for a name', { name: 7 }],
    ['with a name that cannot be stored', { name: 'a\u0000' }],
    ['with a description that cannot be stored', { name: 'a', description: '\u0000' }],
    ['with a reference that cannot be stored', { name: 'a', externalId: '\u0000' }],
  ])('is an account %s', async (_, body) => {
    const { status, body: said } = await call(world, 'POST', '/accounts', { body })
    expect([status, said.code]).toEqual([400, 'body-invalid'])
  })

  test('is whatever would leave the organization without its default account', async () => {
    const path = `/accounts/${accountId}`
    for (const answer of [
      await call(world, 'DELETE', path),
      await call(world, 'PATCH', path, { body: { active: false } }),
      await call(world, 'PUT', path, { body: { name: 'Default', active: false } }),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([409, 'account-default'])
    }
  })

  test('is to delete an account that has users', async () => {
    const { id } = await add()
    const user = await addUserTo(id)
    const answer = await call(world, 'DELETE', `/accounts/${id}`)
    expect([answer.status, answer.body.code]).toEqual([409, 'account-in-use'])
    await call(world, 'DELETE', `/users/${user.id}`)
    expect((await call(world, 'DELETE', `/accounts/${id}`)).status).toBe(200)
  })

  test('is an account that is not there or not the caller’s, in the words that clients know', async () => {
    const { id } = await add()
    const other = await world.addOrganization()
    const strangers: [string, number][] = [
      [world.authorization, 123456],
      [other.authorization, id],
      [ada.authorization, id],
    ]
    for (const [authorization, unseen] of strangers) {
      for (const path of [`/accounts/${unseen}`, `/accounts/${unseen}/users`]) {
        const { status, body } = await call(world, 'GET', path, { authorization })
        expect([status, body.code]).toEqual([404, 'account-not-found'])
        expect(body.message).toContain(`No account found with ID ${unseen}`)
      }
    }
    for (const [method, body] of [
      ['PATCH', { name: 'Mine' }],
      ['PUT', { name: 'Mine' }],
      ['DELETE', undefined],
    ] as const) {
      const { authorization } = other
      const answer = await call(world, method, `/accounts/${id}`, { body, authorization })
      expect([answer.status, answer.body.code]).toEqual([404, 'account-not-found'])
    }
    expect((await call(world, 'GET', `/accounts/${id}`)).body.name).toBe('Customer')
  })
})

describe('an account that is not active', () => {
  test('lets its users in no more, until it is active again', async () => {
    const { id } = await add()
    const { secret } = await addUserTo(id)
    const [, organization] = world.authorization.split(', ')
    const authorization = `User ${secret}, ${organization}`
    const ask = async () => (await call(world, 'GET', '/users', { authorization })).body.code
    expect(await ask()).toBe(undefined)
    const set = (active: boolean) => call(world, 'PATCH', `/accounts/${id}`, { body: { active } })
    expect((await set(false)).body.active).toBe(false)
    await expect.poll(ask).toBe('user-unknown')
    expect((await call(world, 'GET', `/accounts/${id}`)).body.active).toBe(false)
    await set(true)
    await expect.poll(ask).toBe(undefined)
  })

  test('is none that the last active admins belong to', async () => {
    const alone = { ...world, ...(await world.addOrganization()) }
    const { body: account } = await call(alone, 'POST', '/accounts', { body: { name: 'Other' } })
    const path = `/accounts/${account.id}`
    const { body: admin } = await call(alone, 'POST', `${path}/users`, {
      body: { email: newEmail(), roles: ['org-admin'] },
    })
    const authorization = `User ${admin.secret}, ${alone.authorization.split(', ')[1]}`
    const deactivate = () => call(alone, 'PATCH', path, { body: { active: false }, authorization })
    const role = `/users/${alone.userId}/roles/org-admin`
    expect((await call(alone, 'DELETE', role, { authorization })).status).toBe(200)
    const refused = await deactivate()
    expect([refused.status, refused.body.code]).toEqual([409, 'last-admin'])
    expect((await call(alone, 'PUT', role, { authorization })).status).toBe(200)
    expect((await deactivate()).status).toBe(200)
    const demoted = await call(alone, 'DELETE', role)
    expect([demoted.status, demoted.body.code]).toEqual([409, 'last-admin'])
  })
})
