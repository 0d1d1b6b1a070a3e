import { createHook } from 'node:async_hooks'
import { argon2Sync, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { operatorDeed } from '../../src/access/organization.ts'
import { createSignInCode } from '../../src/access/sign-in.ts'
import { call, helpDesk } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { actionsOn, addPerson, type Person, password, signIn, trySignIn } from './people.ts'

let world: World
let ada: Person

beforeAll(async () => {
  world = await startWorld({ env: { LATCHKEY_TRUST_PROXY: 'true' } })
  ada = await addPerson(world)
})
afterAll(() => world[Symbol.asyncDispose]())

const ask = async (authorization: string, path = '/users') =>
  call(world, 'GET', path, { authorization })

describe('signing in', () => {
  test.each([
    ['a wrong password', () => ({ username: ada.email, password: 'a wrong sentence' })],
    ['a name that nobody has', () => ({ username: 'nobody@example.com', password })],
    ['no address at all', () => ({ username: "' or 1=1 --", password })],
    ['a name that nothing can store', () => ({ username: 'a\u0000@b', password })],
    ['an empty name', () => ({ username: '', password })],
    ['an empty password', () => ({ username: ada.email, password: '' })],
    ['a code that is none', () => ({ code: 'lkn_1_nonsense' })],
    ['the secret as a code', () => ({ code: ada.secret })],
  ])('is refused with %s', async (_, body) => {
    const answer = await trySignIn(world, body())
    expect([answer.status, answer.body.code]).toEqual([401, 'sign-in-refused'])
  })

  test.each([
    ['nothing', {}],
    ['half of it', { username: 'ada@example.com' }],
    ['a number', { username: 'ada@example.com', password: 12345678 }],
    ['no object', []],
  ])('is refused with %s, as a body that is not as described', async (_, body) => {
    const answer = await trySignIn(world, body)
    expect([answer.status, answer.body.code]).toEqual([400, 'body-invalid'])
  })

  test('by the two secrets answers a bearer token of the same user, and is told in the audit', async () => {
    const person = await addPerson(world)
    const answer = await call(world, 'POST', '/authentication', {
      body: {},
      authorization: person.authorization,
    })
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    const { status, body } = await ask(`Bearer ${answer.body.token}`, `/users/${person.id}`)
    expect([status, body.email]).toEqual([200, person.email])
    expect(await actionsOn(world, person.id)).toContain('user.signed-in')
  })

  test('by a secret that has ended is refused, whatever is remembered of it', async () => {
    const person = await addPerson(world)
    const { authorization } = person
    expect((await ask(authorization)).status).toBe(200)
    // As while the notification of it is on its way.
    await world.context.db.pool.query(
      `begin;
       alter table access_secrets disable trigger user;
       delete from access_secrets where user_id = ${person.id};
       alter table access_secrets enable trigger user;
       commit`,
    )
    expect((await ask(authorization)).status).toBe(200)
    const { status, body } = await call(world, 'POST', '/authentication', {
      body: {},
      authorization,
    })
    expect([status, body.code]).toEqual([401, 'user-unknown'])
  })

  test.each([
    ['a wrong secret', () => `${ada.authorization.slice(0, -1)}!`, 'organization-unknown'],
    ['the user secret alone', () => `User ${ada.secret}`, 'access-missing'],
  ])('by the two secrets is refused with %s', async (_, authorization, code) => {
    const options = { body: {}, authorization: authorization() }
    const answer = await call(world, 'POST', '/authentication', options)
    expect([answer.status, answer.body.code]).toEqual([401, code])
  })

  test('who calls is told to who asks', async () => {
    for (const authorization of [ada.authorization, await signIn(world, ada)]) {
      const { status, body } = await ask(authorization, '/authentication')
      expect([status, body]).toEqual([
        200,
        {
          organizationId: world.organizationId,
          user: {
            id: ada.id,
            emailAddress: ada.email,
            firstName: 'Ada',
            lastName: 'Lovelace',
            role: 'user',
          },
        },
      ])
    }
  })

  test('a bearer token is not worth another one, which would never end', async () => {
    const options = { body: {}, authorization: await signIn(world, ada) }
    const answer = await call(world, 'POST', '/authentication', options)
    expect([answer.status, answer.body.code]).toEqual([400, 'body-invalid'])
  })

  test('answers and does the same for a name that is known and one that is not', async () => {
    // Node names the work off the main thread by its kind.
    let hashed = 0
    const hook = createHook({
      init(_, type) {
        if (/ARGON2/i.test(type)) hashed += 1
      },
    })
    hook.enable()
    const answers = []
    const inactive = await addPerson(world)
    await call(world, 'PATCH', `/users/${inactive.id}`, { body: { active: false } })
    const without = await addPerson(world, { password: undefined })
    for (const username of [ada.email, 'nobody@example.com', inactive.email, without.email]) {
      const before = hashed
      const { status, body, headers } = await trySignIn(world, {
        username,
        password: 'a wrong one',
      })
      const { requestId: _, ...said } = body
      answers.push({ hashed: hashed - before, status, said, names: Object.keys(headers).sort() })
    }
    hook.disable()
    expect(answers[0]!.hashed).toBe(1)
    expect(answers).toEqual(Array(4).fill(answers[0]))
  })

  test('answers a token that stands for both secrets, with an instance token too', async () => {
    const { body, headers } = await trySignIn(world, {
      username: ` ${ada.email.toUpperCase()}`,
      password,
    })
    expect(headers['cache-control']).toBe('no-store')
    const hours = (Date.parse(body.expiresAt) - Date.now()) / 3_600_000
    expect(Math.round(hours)).toBe(12)
    const bearer = `Bearer ${body.token}`
    const made = await call(world, 'POST', '/instances', {
      body: helpDesk(world),
      authorization: bearer,
    })
    expect(made.status).toBe(200)
    expect(made.body.user.id).toBe(ada.id)
    expect((await ask(ada.authorization, `/instances/${made.body.id}`)).status).toBe(200)
    expect((await ask(`${bearer}, Element ${made.body.token}`)).status).toBe(200)
    expect((await ask(`bearer ${body.token}`)).status).toBe(200)
    expect((await ask(`${bearer}, User ${ada.secret}`)).body.code).toBe('access-missing')
  })

  test('is said in the audit, and keeps the token as a hash alone', async () => {
    const eve = await addPerson(world)
    const bearer = await signIn(world, eve)
    expect(await actionsOn(world, eve.id)).toEqual(['user.created', 'user.signed-in'])
    const { rows } = await world.context.db.pool.query(
      'select t::text as row from sign_in_tokens t where user_id = $1',
      [eve.id],
    )
    expect(rows).toHaveLength(1)
    expect(rows[0].row).not.toContain(bearer.slice('Bearer '.length))
  })
})

describe('a bearer token', () => {
  test('ends when it is signed out, and no other does', async () => {
    const [one, two] = [await signIn(world, ada), await signIn(world, ada)]
    expect([(await ask(one)).status, (await ask(two)).status]).toEqual([200, 200])
    const out = () => call(world, 'DELETE', '/authentication', { authorization: one })
    expect((await out()).status).toBe(200)
    await expect.poll(async () => (await ask(one)).body.code).toBe('bearer-unknown')
    expect((await out()).status).toBe(401)
    expect((await ask(two)).status).toBe(200)
    const secrets = await call(world, 'DELETE', '/authentication', ada)
    expect([secrets.status, secrets.body.code]).toEqual([400, 'bearer-missing'])
  })

  test('ends by itself, though it was just used', async () => {
    const bearer = await signIn(world, ada)
    expect((await ask(bearer)).status).toBe(200)
    const end = (when: string) =>
      world.context.db.pool.query(`update sign_in_tokens set expires_at = ${when}`)
    await end("now() + interval '300 ms'")
    world.context.callers.forget()
    await ask(bearer)
    await expect.poll(async () => (await ask(bearer)).body.code).toBe('bearer-unknown')
  })

  test.each([
    ['another kind of token', () => `Bearer ${ada.secret}`],
    ['nonsense', () => 'Bearer nonsense'],
    [
      'one of another organization',
      async () => {
        const token = (await signIn(world, ada)).slice('Bearer '.length)
        return `Bearer ${token.replace(/^lkb_[^_]+/, 'lkb_zz')}`
      },
    ],
  ])('is refused where it is %s', async (_, header) => {
    const { status, body } = await ask(await header())
    expect([status, body.code]).toEqual([401, 'bearer-unknown'])
  })
})

describe('a code', () => {
  const give = (userId = ada.id) =>
    createSignInCode(
      world.context,
      { organizationId: world.organizationId, userId },
      operatorDeed(world.organizationId),
    )

  test('signs in once', async () => {
    const code = await give()
    const answers = await Promise.all([1, 2, 3].map(() => trySignIn(world, { code })))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401])
    const { token } = answers.find(({ status }) => status === 200)!.body
    expect((await ask(`Bearer ${token}`)).body[0].id).toBe(ada.id)
  })

  test('is no bearer token, and no bearer token is a code', async () => {
    expect((await ask(`Bearer ${await give()}`)).body.code).toBe('bearer-unknown')
    const code = (await signIn(world, ada)).slice('Bearer '.length)
    expect((await trySignIn(world, { code })).status).toBe(401)
  })

  test('is worth nothing after its time, nor for a user who is not let in', async () => {
    const late = await give()
    await world.context.db.pool.query('update sign_in_tokens set expires_at = now()')
    expect((await trySignIn(world, { code: late })).status).toBe(401)
    const eve = await addPerson(world)
    await call(world, 'PATCH', `/users/${eve.id}`, { body: { active: false } })
    expect((await trySignIn(world, { code: await give(eve.id) })).status).toBe(401)
  })
})

test('nobody signs in by a code to an organization that is disabled', async () => {
  const { organizationId, userId } = await world.addOrganization()
  const login = { organizationId, userId }
  const code = await createSignInCode(world.context, login, operatorDeed(organizationId))
  const { pool } = world.context.db
  const disable = 'update organizations set disabled_at = now() where organization_id = $1'
  await pool.query(disable, [organizationId])
  expect((await trySignIn(world, { code })).body.code).toBe('sign-in-refused')
})

test('a password that was hashed with less is hashed with more at the next sign-in', async () => {
  const eve = await addPerson(world)
  const nonce = randomBytes(16)
  const weak = { memory: 1024, passes: 1, parallelism: 1, tagLength: 32 }
  const tag = argon2Sync('argon2id', { message: Buffer.from(password), nonce, ...weak })
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  const { pool } = world.context.db
  const hashOf = async () =>
    (await pool.query('select hash from passwords where user_id = $1', [eve.id])).rows[0].hash
  await pool.query('update passwords set hash = $2 where user_id = $1', [
    eve.id,
    `$argon2id$v=19$m=1024,t=1,p=1$${text(nonce)}$${text(tag)}`,
  ])
  await trySignIn(world, { username: eve.email, password: 'a wrong one' })
  expect(await hashOf()).toContain('m=1024')
  await signIn(world, eve)
  expect(await hashOf()).toContain('m=19456')
  await signIn(world, eve)
})
