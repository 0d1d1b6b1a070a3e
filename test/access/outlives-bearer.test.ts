import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { addPerson, defaultAccountOf, type Person, password, signIn } from './people.ts'

let world: World
let admin: Person
let accountId: number

beforeAll(async () => {
  world = await startWorld()
  admin = await addPerson(world)
  const role = `/users/${admin.id}/roles/org-admin`
  expect((await call(world, 'PUT', role)).status).toBe(200)
  accountId = await defaultAccountOf(world)
})
afterAll(() => world[Symbol.asyncDispose]())

/** A bearer token of the admin that may have been stolen since it was made. */
async function olderBearer(): Promise<string> {
  const bearer = await signIn(world, admin)
  await world.context.db.pool.query(
    "update sign_in_tokens set created_at = now() - interval '301 seconds' where user_id = $1",
    [admin.id],
  )
  return bearer
}

const ways = async (bob: Person) => {
  const gone = await addPerson(world)
  const closed = await call(world, 'POST', '/accounts', { body: { name: 'Closed' } })
  const off = { body: { active: false } }
  await call(world, 'PATCH', `/users/${gone.id}`, off)
  await call(world, 'PATCH', `/accounts/${closed.body.id}`, off)
  const newOne = { email: `mallory-${bob.id}@example.com`, password: 'a password of mallory' }
  return [
    ['PATCH', `/users/${bob.id}`, { password: 'a password of mallory' }],
    ['PATCH', `/users/${bob.id}`, { email: `elsewhere-${bob.id}@example.com` }],
    ['PATCH', `/users/${bob.id}`, { roles: ['org-admin'] }],
    ['PUT', `/users/${bob.id}/roles/org-admin`, undefined],
    ['POST', `/accounts/${accountId}/users`, { ...newOne, roles: ['org-admin'] }],
    ['PATCH', `/users/${gone.id}`, { active: true }],
    ['PATCH', `/accounts/${closed.body.id}`, { active: true }],
    ['PUT', `/accounts/${closed.body.id}`, { name: 'Open', active: true }],
  ] as const
}

test('a stolen bearer token lets nobody else in, nor for longer than it lasts', async () => {
  const bob = await addPerson(world)
  const authorization = await olderBearer()
  const all = await ways(bob)
  const before = (await call(world, 'GET', '/users')).body
  for (const [method, path, body] of all) {
    const refused = await call(world, method, path, { body, authorization })
    expect([method, path, refused.status, refused.body.code]).toEqual([
      method,
      path,
      403,
      'password-wrong',
    ])
    expect(refused.body.message).toContain('Elements-User-Password')
  }
  expect((await call(world, 'GET', '/users')).body).toEqual(before)
  expect(await signIn(world, bob)).toMatch(/^Bearer /)
})

test('what lets nobody in needs no more than the token', async () => {
  const bob = await addPerson(world)
  const authorization = await olderBearer()
  for (const active of [true, false]) {
    const own = await call(world, 'POST', '/accounts', { body: { name: `Active ${active}` } })
    const same = await call(world, 'PATCH', `/accounts/${own.body.id}`, {
      body: { description: 'Told', active },
      authorization,
    })
    expect([same.status, same.body.active]).toEqual([200, active])
  }
  const body = { firstName: 'Robert', email: bob.email, active: false }
  const changed = await call(world, 'PATCH', `/users/${bob.id}`, { body, authorization })
  expect([changed.status, changed.body.firstName, changed.body.active]).toEqual([
    200,
    'Robert',
    false,
  ])
})

test.each<
  [what: string, proof: () => Promise<{ authorization: string; headers?: Record<string, string> }>]
>([
  [
    'the password in the header',
    async () => ({
      authorization: await olderBearer(),
      headers: { 'elements-user-password': password },
    }),
  ],
  ['a sign-in of a moment ago', async () => ({ authorization: await signIn(world, admin) })],
  ['the two secrets', async () => ({ authorization: admin.authorization })],
])('with %s it is done', async (_, proof) => {
  for (let way = 0; way < 8; way++) {
    const bob = await addPerson(world)
    const [method, path, body] = (await ways(bob))[way]!
    const done = await call(world, method, path, { body, ...(await proof()) })
    expect([method, path, done.status]).toEqual([method, path, 200])
  }
})
