import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { addPerson, newEmail, type Person, password, trySignIn } from './people.ts'

const env = { LATCHKEY_TRUST_PROXY: 'true' }
let world: World
let ada: Person

beforeAll(async () => {
  world = await startWorld({ env })
})
afterAll(() => world[Symbol.asyncDispose]())

const wrong = (username: string, from?: string) =>
  trySignIn(world, { username, password: 'a wrong sentence' }, from)
const right = ({ email }: Person, from?: string) =>
  trySignIn(world, { username: email, password }, from)

/** As if so much time had passed. */
const wait = (interval: string) =>
  world.context.db.pool.query(
    `update sign_in_attempts
     set free_at = free_at - interval '${interval}', last_at = last_at - interval '${interval}'`,
  )

/** As if so many tries had failed of everyone who tried, the last one long enough ago. */
const failedBefore = (failures: number) =>
  world.context.db.pool.query('update sign_in_attempts set failures = $1, free_at = null', [
    failures,
  ])

/** The statuses of tries until one is slowed down, and how long that one has to wait. */
async function guess(username: string, from?: string) {
  const statuses: number[] = []
  for (;;) {
    const { status, headers, body } = await wrong(username, from)
    statuses.push(status)
    if (status !== 401) return { statuses, body, seconds: Number(headers['retry-after']) }
  }
}

test('who guesses the password of one user waits longer each time, from wherever', async () => {
  ada = await addPerson(world)
  const first = await guess(ada.email)
  expect(first.statuses).toEqual([401, 401, 401, 401, 401, 429])
  expect([first.body.code, first.seconds]).toEqual(['sign-in-slowed', 1])
  const waits: number[] = []
  for (const failures of [5, 6, 8, 12, 14, 1000]) {
    await failedBefore(failures)
    const { statuses, seconds } = await guess(ada.email)
    expect(statuses).toEqual([401, 429])
    waits.push(seconds)
  }
  expect(waits).toEqual([2, 4, 16, 256, 900, 900])
})

test('meanwhile not even the right password is tried, and later it works at once', async () => {
  expect((await right(ada)).status).toBe(429)
  await wait('15 minutes')
  expect((await right(ada)).status).toBe(200)
  expect((await guess(ada.email)).statuses).toEqual([401, 401, 401, 401, 401, 429])
})

test('a day without a try forgets the failed ones', async () => {
  await wait('25 hours')
  expect((await guess(ada.email)).statuses).toEqual([401, 401, 401, 401, 401, 429])
})

test('an admin who sets a new password lets the user in at once', async () => {
  expect((await right(ada)).status).toBe(429)
  await call(world, 'PATCH', `/users/${ada.id}`, { body: { password } })
  expect((await right(ada)).status).toBe(200)
})

test('a name that nobody has is slowed down as any other', async () => {
  const { statuses, seconds } = await guess(newEmail())
  expect([statuses, seconds]).toEqual([[401, 401, 401, 401, 401, 429], 1])
})

test('tries at the same time do not slip through', async () => {
  const email = newEmail()
  const answers = await Promise.all(Array.from({ length: 20 }, () => wrong(email)))
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(5)
})

test('another replica knows of them', async () => {
  await using other = await startWorld({ env, databaseUrl: world.databaseUrl, keys: world.keys })
  const email = newEmail()
  await guess(email)
  const { status } = await trySignIn(other, { username: email, password })
  expect(status).toBe(429)
})

test('who tries one password with many names from one network waits, and nobody else', async () => {
  await world.context.db.pool.query('truncate sign_in_attempts')
  expect((await wrong(newEmail(), '2001:db8:0:7::1')).status).toBe(401)
  await failedBefore(48)
  for (const last of ['2', '3']) {
    expect((await wrong(newEmail(), `2001:db8:0:7::${last}`)).status).toBe(401)
  }
  const eve = await addPerson(world)
  expect((await right(eve, '2001:db8:0:7::ffff')).status).toBe(429)
  expect((await right(eve, '2001:db8:0:8::1')).status).toBe(200)
})

test('the password that reads a secret, and the one before a new one, are not guessed faster', async () => {
  const eve = await addPerson(world)
  const read = (sent: string) =>
    call(world, 'GET', `/users/${eve.id}`, {
      ...eve,
      headers: { 'elements-user-password': sent, 'x-forwarded-for': '203.0.113.77' },
    })
  for (let at = 0; at < 5; at += 1) expect((await read('a wrong one')).status).toBe(403)
  const slowed = await read(password)
  expect([slowed.status, slowed.body.code]).toEqual([429, 'sign-in-slowed'])
  const changed = await call(world, 'PATCH', `/users/${eve.id}`, {
    ...eve,
    body: { password: 'another sentence', oldPassword: password },
  })
  expect(changed.body.code).toBe('sign-in-slowed')
  expect((await right(eve)).status).toBe(429)
})

test('a stranger keeps nobody out of where they signed in before, and may guess no more there', async () => {
  const eve = await addPerson(world)
  const home = '203.0.113.80'
  expect((await right(eve, home)).status).toBe(200)
  await guess(eve.email)
  expect((await right(eve)).status).toBe(429)
  expect((await right(eve, home)).status).toBe(200)
  expect((await wrong(eve.email)).status).toBe(429)
  expect((await guess(eve.email, home)).statuses).toEqual([401, 401, 401, 401, 401, 429])
  expect((await right(eve, home)).status).toBe(429)
})

test('where somebody signed in before is forgotten after a month', async () => {
  const eve = await addPerson(world)
  const home = '203.0.113.81'
  expect((await right(eve, home)).status).toBe(200)
  await wait('29 days')
  await guess(eve.email)
  expect((await right(eve, home)).status).toBe(200)
  await wait('31 days')
  await guess(eve.email)
  expect((await right(eve, home)).status).toBe(429)
})

test('a try that found no room is no failed one', async () => {
  await world.context.db.pool.query('truncate sign_in_attempts')
  const busy = Array.from({ length: 66 }, () => world.context.passwords.hash('of others'))
  const { status, body } = await wrong(newEmail())
  await Promise.all(busy)
  const { rows } = await world.context.db.pool.query(
    'select count(*) as count from sign_in_attempts',
  )
  expect([status, body.code, rows[0].count]).toEqual([429, 'passwords-busy', 0])
})

test('what was typed as a name stands nowhere', async () => {
  await wrong('my password in the wrong field')
  const { rows } = await world.context.db.pool.query(
    "select count(*) as count from sign_in_attempts a where a::text like '%wrong field%'",
  )
  expect(rows[0].count).toBe(0)
  expect(world.log.join()).not.toContain('wrong field')
})
