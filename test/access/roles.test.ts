import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { actionsOn, addPerson, type Person } from './people.ts'

let world: World
let ada: Person

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  ada = await addPerson(world)
})

type Method = 'PUT' | 'POST' | 'DELETE'
const ask = async (method: Method, id: number | string, role: string, caller: object = world) => {
  const path = `/users/${id}/roles/${role}`
  const { status, body, text } = await call({ ...world, ...caller }, method, path)
  return status === 200 ? [status, text] : [status, body.code]
}
const rolesOf = async (id: number) =>
  (await call(world, 'GET', `/users/${id}/roles`)).body.map(({ key }: { key: string }) => key)

describe('a role', () => {
  test.each(['PUT', 'POST'] as const)(
    'is given by %s, taken again, and holds at once',
    async (method) => {
      expect(await rolesOf(ada.id)).toEqual(['user'])
      const governs = async () => (await call(world, 'GET', '/users', ada)).body.length > 1
      expect(await governs()).toBe(false)
      const [status, text] = await ask(method, ada.id, 'org-admin')
      expect(status).toBe(200)
      expect(JSON.parse(text)).toMatchObject({ key: 'org-admin', active: true, features: [] })
      expect(await rolesOf(ada.id)).toEqual(['user', 'org-admin'])
      await expect.poll(governs).toBe(true)
      expect(await ask('DELETE', ada.email, 'org-admin')).toEqual([200, ''])
      await expect.poll(governs).toBe(false)
      expect(await rolesOf(ada.id)).toEqual(['user'])
      expect(await actionsOn(world, ada.id)).toEqual([
        'user.created',
        'user.changed',
        'user.changed',
      ])
    },
  )

  test('is refused where it is none, and the choices are named', async () => {
    for (const role of ['root', 'admin', 'ORG-ADMIN', '__proto__', 'constructor']) {
      for (const method of ['PUT', 'POST', 'DELETE'] as const) {
        expect(await ask(method, ada.id, role)).toEqual([400, 'role-unknown'])
      }
    }
    const { body } = await call(world, 'PUT', `/users/${ada.id}/roles/admin`)
    expect(body.choices).toEqual(['user', 'org-admin'])
  })

  test('is refused where it is not the caller’s to give', async () => {
    const eve = await addPerson(world)
    for (const id of [ada.id, eve.id]) {
      expect(await ask('PUT', id, 'org-admin', ada)).toEqual([403, 'role-insufficient'])
    }
    expect(await ask('DELETE', world.userId, 'org-admin', ada)).toEqual([403, 'role-insufficient'])
  })

  test('is refused for a user who is not there, or of another organization', async () => {
    const other = await world.addOrganization()
    for (const id of [999_999, 'nobody@example.com', other.userId]) {
      expect(await ask('PUT', id, 'org-admin')).toEqual([404, 'user-not-found'])
      expect(await ask('DELETE', id, 'org-admin')).toEqual([404, 'user-not-found'])
    }
    expect(await ask('PUT', ada.id, 'org-admin', other)).toEqual([404, 'user-not-found'])
    expect(await rolesOf(ada.id)).toEqual(['user'])
  })

  test('is refused where it is given already, or was not given', async () => {
    expect(await ask('PUT', world.userId, 'org-admin')).toEqual([409, 'role-given'])
    for (const role of ['user', 'org']) {
      expect(await ask('PUT', ada.id, role)).toEqual([409, 'role-given'])
      expect(await ask('DELETE', ada.id, role)).toEqual([409, 'role-basic'])
    }
    expect(await ask('DELETE', ada.id, 'org-admin')).toEqual([404, 'role-not-given'])
  })
})

test('the roles of a user are for the user and admins to read', async () => {
  const path = `/users/${ada.id}/roles`
  expect((await call(world, 'GET', path, ada)).status).toBe(200)
  const eve = await addPerson(world)
  expect((await call(world, 'GET', path, eve)).status).toBe(404)
})

test('roles are also set by a change of the user, as one whole', async () => {
  const set = (roles: unknown) => call(world, 'PATCH', `/users/${ada.id}`, { body: { roles } })
  expect((await set([{ key: 'org-admin' }])).body.roles).toHaveLength(2)
  expect((await set(['org'])).body.roles).toHaveLength(1)
  expect((await set([{ key: 'admin' }])).body.code).toBe('role-unknown')
  expect((await set('org-admin')).body.code).toBe('body-invalid')
})
