import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { operate, startOperatedWorld } from './operator.ts'

let world: World
beforeAll(async () => {
  world = await startOperatedWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const request = () => ({
  name: 'Acme Ltd',
  user: { emailAddress: `${randomBytes(6).toString('hex')}@acme.example` },
})
const accessOf = (body: { userSecret: string; organizationSecret: string }) =>
  `User ${body.userSecret}, Organization ${body.organizationSecret}`

test('a new organization’s first user provisions at once, and reads who made it', async () => {
  const made = await operate(world, 'POST', '', request())
  expect(made.status).toBe(200)
  expect(made.headers['cache-control']).toBe('no-store')
  const { organization, ...access } = made.body
  expect(organization).toEqual({
    id: expect.any(Number),
    name: 'Acme Ltd',
    state: 'active',
    createdDate: expect.stringMatching(/Z$/),
    disabledDate: null,
  })
  expect(Object.keys(access).sort()).toEqual(['organizationSecret', 'userId', 'userSecret'])
  const authorization = accessOf(made.body)
  const body = helpDesk(world)
  expect((await call(world, 'POST', '/instances', { body, authorization })).status).toBe(200)
  const audit = await call(world, 'GET', '/audit', { authorization })
  expect(audit.body.at(-1)).toMatchObject({
    action: 'organization.created',
    actor: 'operator',
    userId: null,
    requestId: made.headers['elements-request-id'],
    address: '127.0.0.1',
  })
})

test('secrets are told once, and neither names nor addresses stand in the audit', async () => {
  const given = request()
  const { body } = await operate(world, 'POST', '', given)
  const { id } = body.organization
  const read = [await operate(world, 'GET', `/${id}`), await operate(world, 'GET', `/${id}/users`)]
  for (const { status, text } of read) {
    expect(status).toBe(200)
    expect(text).not.toMatch(/lk[uo]_/)
  }
  expect(read[1]!.body).toEqual([
    {
      id: body.userId,
      emailAddress: given.user.emailAddress,
      firstName: '',
      lastName: '',
      role: 'org-admin',
      active: true,
      createdDate: expect.any(String),
    },
  ])
  const { text } = await call(world, 'GET', '/audit', { authorization: accessOf(body) })
  expect(text).toContain('organization.created')
  expect(text).not.toContain('Acme')
  expect(text).not.toContain(given.user.emailAddress)
})

describe('a new organization is refused', () => {
  test.each([
    ['without a name', { name: undefined }],
    ['with a name of blanks', { name: '  ' }],
    ['with a name that is too long', { name: 'x'.repeat(256) }],
    ['with a name that cannot be stored', { name: 'a\u0000b' }],
    ['with an address that cannot be stored', { user: { emailAddress: 'a\u0000@b.example' } }],
    ['without a user', { user: undefined }],
    ['with an address that is none', { user: { emailAddress: 'acme' } }],
    ['with a stray member', { secret: 'x' }],
  ])('%s', async (_, change) => {
    const { status, body } = await operate(world, 'POST', '', { ...request(), ...change })
    expect([status, body.code]).toEqual([400, 'body-invalid'])
  })

  test('with an address that a user has, also of another organization', async () => {
    const given = request()
    expect((await operate(world, 'POST', '', given)).status).toBe(200)
    const { status, body } = await operate(world, 'POST', '', given)
    expect([status, body.code]).toEqual([409, 'email-taken'])
  })

  test('when two ask for the same address at once: one gets it', async () => {
    const given = request()
    const answers = await Promise.all([1, 2, 3].map(() => operate(world, 'POST', '', given)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409])
  })
})

test('the list holds every organization once, a page at a time', async () => {
  for (let count = 0; count < 3; count += 1) await world.addOrganization()
  const seen: number[] = []
  let query = '?pageSize=2'
  for (;;) {
    const { body, headers } = await operate(world, 'GET', query)
    seen.push(...body.map(({ id }: { id: number }) => id))
    const next = headers['elements-next-page-token']
    if (!next) break
    query = `?pageSize=2&nextPage=${next}`
  }
  const { rows } = await world.context.db.pool.query(
    'select organization_id as id from organizations order by 1',
  )
  expect(seen).toEqual(rows.map(({ id }) => id))
})

test('what is not there is 404, and what is no id is refused', async () => {
  for (const [method, path, body] of [
    ['GET', '/999999', undefined],
    ['PATCH', '/999999', { disabled: true }],
    ['DELETE', '/999999', undefined],
    ['GET', '/999999/users', undefined],
  ] as const) {
    const answer = await operate(world, method, path, body)
    expect([method, answer.status, answer.body.code]).toEqual([
      method,
      404,
      'organization-not-found',
    ])
  }
  expect((await operate(world, 'GET', '/acme')).body.code).toBe('parameters-invalid')
  expect((await operate(world, 'GET', '/9007199254740993')).body.code).toBe('parameters-invalid')
})

test.each([
  [{}],
  [{ disabled: 'yes' }],
  [{ name: '' }],
  [{ name: 'a\u0000' }],
  [{ state: 'disabled' }],
])('a change to %j is refused', async (change) => {
  const { status, body } = await operate(world, 'PATCH', `/${world.organizationId}`, change)
  expect([status, body.code]).toEqual([400, 'body-invalid'])
})

test('callers of a disabled organization are soon unknown on every replica, and known again', async () => {
  await using replica = await startWorld({ databaseUrl: world.databaseUrl, env: keysOf(world) })
  const { organizationId, authorization } = await world.addOrganization()
  const replicas = [world, replica]
  const codes = () =>
    Promise.all(
      replicas.map(async ({ url }) => {
        const answer = await call({ url, authorization }, 'GET', '/instances/1')
        return answer.body.code
      }),
    )
  expect(await codes()).toEqual(['instance-not-found', 'instance-not-found'])
  const disabled = await operate(world, 'PATCH', `/${organizationId}`, { disabled: true })
  expect(disabled.body).toMatchObject({ state: 'disabled', disabledDate: expect.any(String) })
  await until(async () => (await codes()).every((code) => code === 'organization-unknown'))
  const change = { disabled: false, name: 'Acme again' }
  const enabled = await operate(world, 'PATCH', `/${organizationId}`, change)
  expect(enabled.body).toMatchObject({ state: 'active', name: 'Acme again', disabledDate: null })
  await until(async () => (await codes()).every((code) => code === 'instance-not-found'))
  const { body } = await call(world, 'GET', '/audit', { authorization })
  expect(body.map(({ action }: { action: string }) => action)).toEqual(
    expect.arrayContaining([
      'organization.enabled',
      'organization.renamed',
      'organization.disabled',
      'organization.created',
    ]),
  )
})

function keysOf({ keys }: World) {
  return { LATCHKEY_KEYS: keys }
}
