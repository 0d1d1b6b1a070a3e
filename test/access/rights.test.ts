import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Right, type Role, rights } from '../../src/access/rights.ts'
import { bodyOf } from '../certificates/fixtures.ts'
import { call, helpDesk } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { addPerson, type Person } from './people.ts'

let world: World
let callers: Record<Role, Person>

beforeAll(async () => {
  world = await startWorld()
  callers = {
    user: await addPerson(world),
    'org-admin': await addPerson(world, { roles: ['org-admin'] }),
  }
})
afterAll(() => world[Symbol.asyncDispose]())

/** What a role may do with what, as it was decided for all parts of the service. */
const decided: Record<Right, readonly Role[]> = {
  'own-instances': ['user', 'org-admin'],
  'all-instances': ['org-admin'],
  'read-catalogue': ['user', 'org-admin'],
  'change-catalogue': ['org-admin'],
  'own-things': ['user', 'org-admin'],
  'all-things': ['org-admin'],
  'own-user': ['user', 'org-admin'],
  'all-users': ['org-admin'],
  'own-audit': ['user', 'org-admin'],
  'all-audit': ['org-admin'],
  'all-webhooks': ['org-admin'],
}

type Request = [method: Parameters<typeof call>[1], path: string, body?: object]

/** Requests that need the right, each of which would succeed with it. */
const requests: Record<Right, (caller: Person) => Promise<Request[]>> = {
  'own-instances': async () => [['POST', '/instances', helpDesk(world)]],
  'all-instances': async (caller) => {
    const leaving = await addPerson(world)
    await call(world, 'POST', '/instances', { ...leaving, body: helpDesk(world) })
    const { body } = await call(world, 'POST', '/instances', { ...caller, body: helpDesk(world) })
    return [
      ['PUT', `/instances/${body.id}/owner`, { user: (await addPerson(world)).id }],
      ['DELETE', `/users/${leaving.id}?reassignTo=${caller.id}`],
    ]
  },
  'read-catalogue': async () => [
    ['GET', '/elements'],
    ['GET', '/elements/connectwisehd'],
  ],
  'change-catalogue': async () => [
    ['PUT', '/elements/shopify/installed'],
    ['DELETE', '/elements/shopify/installed'],
    ['POST', '/elements/connectwisehd/clone', { name: `Clone ${Math.random()}` }],
  ],
  'own-things': async () => [['POST', '/certificates', bodyOf('default.p12')]],
  'all-things': async () => {
    const { body } = await call(world, 'POST', '/certificates', {
      body: bodyOf('default.p12', { shared: true }),
    })
    return [
      ['POST', '/certificates', bodyOf('default.p12', { shared: true })],
      ['DELETE', `/certificates/${body.id}`],
    ]
  },
  'own-user': async ({ id }) => [
    ['GET', `/users/${id}`],
    ['GET', `/users/${id}/roles`],
    ['PATCH', `/users/${id}`, { firstName: 'Own' }],
    ['POST', `/users/${id}/secret`, { overlapSeconds: 100 }],
  ],
  'all-users': async () => {
    const other = await addPerson(world)
    const { body: account } = await call(world, 'POST', '/accounts', { body: { name: 'One' } })
    return [
      ['POST', '/accounts', { name: 'Another' }],
      ['PUT', `/accounts/${account.id}`, { name: 'Renamed' }],
      ['PATCH', `/accounts/${account.id}`, { name: 'Again' }],
      ['POST', `/accounts/${account.id}/users`, { email: `${Math.random()}@example.com` }],
      ['PUT', `/users/${other.id}/roles/org-admin`],
      ['DELETE', `/users/${other.id}/roles/org-admin`],
      ['POST', `/users/${other.id}/roles/org-admin`],
      ['POST', '/organization/secret', { overlapSeconds: 100 }],
      ['DELETE', `/users/${other.id}`],
    ]
  },
  'own-audit': async () => [['GET', '/audit']],
  'all-audit': async () => [['GET', '/organization/retention']],
  'all-webhooks': async () => {
    const body = { url: 'https://app.example.com/hooks', events: ['*'] }
    const { body: webhook } = await call(world, 'POST', '/webhooks', { body })
    const path = `/webhooks/${webhook.id}`
    return [
      ['POST', '/webhooks', body],
      ['GET', '/webhooks'],
      ['PATCH', path, { description: 'Changed' }],
      ['GET', `${path}/deliveries`],
      ['POST', `${path}/secret`],
      ['POST', `${path}/redeliver`],
      ['DELETE', path],
    ]
  },
}

test('the table is the one that was decided', () => {
  expect(rights).toEqual(decided)
})

const cells = (Object.keys(decided) as Right[]).flatMap((right) =>
  (['user', 'org-admin'] as const).map((role) => [role, right] as const),
)

describe('over the API', () => {
  test.each(cells)(
    'the role %s has the right %s, or is refused, as the table says',
    async (role, right) => {
      const caller = callers[role]
      for (const [method, path, body] of await requests[right](caller)) {
        const answer = await call(world, method, path, { body, ...caller })
        const allowed = decided[right].includes(role)
        expect([method, path, answer.status, answer.body?.code]).toEqual(
          allowed
            ? [method, path, 200, answer.body?.code]
            : [method, path, 403, 'role-insufficient'],
        )
      }
    },
  )
})

test('what is only for admins is refused before it is said whether it is there', async () => {
  for (const [method, path] of [
    ['DELETE', '/users/999999'],
    ['PUT', '/users/999999/roles/org-admin'],
    ['DELETE', '/accounts/999999'],
  ] as const) {
    const { status, body } = await call(world, method, path, callers.user)
    expect([status, body.code]).toEqual([403, 'role-insufficient'])
  }
})
