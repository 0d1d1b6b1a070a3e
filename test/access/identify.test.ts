import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let parts: { user: string; organization: string }
let instanceId: number
beforeAll(async () => {
  world = await startWorld()
  const [user, organization] = world.authorization.split(', ').map((part) => part.split(' ')[1]!)
  parts = { user: user!, organization: organization! }
  instanceId = (await call(world, 'POST', '/instances', { body: helpDesk(world) })).body.id
})
afterAll(() => world[Symbol.asyncDispose]())

const read = (authorization: string | null) =>
  call(world, 'GET', `/instances/${instanceId}`, { authorization })

/** Another last character, so that the checksum does not fit. */
const misspelt = (secret: string) => secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0')

test.each([
  ['nothing', () => null],
  ['an empty value', () => ''],
  ['the User part alone', () => `User ${parts.user}`],
  ['the Organization part alone', () => `Organization ${parts.organization}`],
  ['a bearer token beside a secret', () => `Bearer ${parts.user}, User ${parts.user}`],
  [
    'a part twice',
    () => `User ${parts.user}, User ${parts.user}, Organization ${parts.organization}`,
  ],
  ['parts without a comma', () => `User ${parts.user} Organization ${parts.organization}`],
  ['an unknown part', () => `${world.authorization}, Robot x`],
])('a header with %s is refused as missing or malformed', async (_, header) => {
  const { status, body } = await read(header())
  expect([status, body.code]).toEqual([401, 'access-missing'])
  expect(body.message).toContain('User <secret>, Organization <secret>')
})

test('a wrong User part and a wrong Organization part are told apart', async () => {
  const other = await world.addOrganization()
  const [otherUser, otherOrganization] = other.authorization.split(', ') as [string, string]
  for (const [header, code] of [
    [`User ${misspelt(parts.user)}, Organization ${parts.organization}`, 'user-unknown'],
    [`User ${parts.user}, Organization ${misspelt(parts.organization)}`, 'organization-unknown'],
    [`User ${parts.organization}, Organization ${parts.user}`, 'organization-unknown'],
    [`${otherUser}, Organization ${parts.organization}`, 'user-unknown'],
    [`User ${parts.user}, ${otherOrganization}`, 'user-unknown'],
  ] as const) {
    const { status, body, text } = await read(header)
    expect([header, status, body.code]).toEqual([header, 401, code])
    expect(text).not.toContain(parts.user)
  }
})

/** The queries that the service's pool sends while `work` runs. */
async function countQueries(work: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = []
  const { pool } = world.context.db
  const query = pool.query.bind(pool)
  pool.query = ((...args: never[]) => {
    sent.push(JSON.stringify(args))
    return (query as (...all: never[]) => unknown)(...args)
  }) as typeof pool.query
  try {
    await work()
  } finally {
    pool.query = query as typeof pool.query
  }
  return sent
}

test('a secret with a wrong checksum is refused without a query', async () => {
  const sent = await countQueries(async () => {
    await read(`User ${misspelt(parts.user)}, Organization ${parts.organization}`)
    await read(`User ${parts.user}, Organization ${misspelt(parts.organization)}`)
  })
  expect(sent).toEqual([])
  expect((await countQueries(() => read(world.authorization))).length).toBeGreaterThan(0)
})

test('an instance is not there for another organization, nor for another user of its own', async () => {
  const other = await world.addOrganization()
  const { status, body } = await read(other.authorization)
  expect([status, body.code]).toEqual([404, 'instance-not-found'])
})

test('a deactivated user and a disabled organization are no longer known', async () => {
  const { pool } = world.context.db
  const user = await world.addOrganization()
  await pool.query('update users set active = false where organization_id = $1', [
    user.organizationId,
  ])
  expect((await read(user.authorization)).body.code).toBe('user-unknown')
  const disabled = await world.addOrganization()
  await pool.query('update organizations set disabled_at = now() where organization_id = $1', [
    disabled.organizationId,
  ])
  expect((await read(disabled.authorization)).body.code).toBe('organization-unknown')
})

test('who is not known is refused before the body is read', async () => {
  const { status, body } = await call(world, 'POST', '/instances', {
    authorization: null,
    body: '{ not json',
    headers: { 'content-type': 'application/json' },
  })
  expect([status, body.code]).toEqual([401, 'access-missing'])
})

test('a caller whose access is taken away is soon no longer known, though it was just used', async () => {
  const caller = await world.addOrganization()
  const ask = async () => (await read(caller.authorization)).body.code
  for (let at = 0; at < 3; at += 1) expect(await ask()).toBe('instance-not-found')
  const { pool } = world.context.db
  await pool.query('update users set active = false where organization_id = $1', [
    caller.organizationId,
  ])
  await until(async () => (await ask()) === 'user-unknown')
  await pool.query('update users set active = true where organization_id = $1', [
    caller.organizationId,
  ])
  await until(async () => (await ask()) === 'instance-not-found')
})

test('a caller that was just used is known without a query, unless the database is not heard', async () => {
  const caller = await world.addOrganization()
  await until(async () => {
    const sent = await countQueries(() => read(caller.authorization))
    return sent.filter((query) => query.includes('find-caller')).length === 0
  })
  const { pool } = world.context.db
  await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'latchkey listener' and datname = current_database()`,
  )
  await until(async () => {
    const sent = await countQueries(() => read(caller.authorization))
    return sent.some((query) => query.includes('find-caller'))
  })
  await until(async () => {
    const sent = await countQueries(() => read(caller.authorization))
    return !sent.some((query) => query.includes('find-caller'))
  })
})
