import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import {
  actionsOn,
  addPerson,
  defaultAccountOf,
  newEmail,
  type Person,
  password,
  signIn,
  trySignIn,
} from './people.ts'

let world: World
let ada: Person
let accountId: number

beforeAll(async () => {
  world = await startWorld({ env: { LATCHKEY_TRUST_PROXY: 'true' } })
  accountId = await defaultAccountOf(world)
  ada = await addPerson(world)
})
afterAll(() => world[Symbol.asyncDispose]())

const add = (body: object, authorization = world.authorization) =>
  call(world, 'POST', `/accounts/${accountId}/users`, { body, authorization })
const change = (idOrEmail: number | string, body: object, authorization = world.authorization) =>
  call(world, 'PATCH', `/users/${idOrEmail}`, { body, authorization })
const read = (idOrEmail: number | string, authorization = world.authorization) =>
  call(world, 'GET', `/users/${idOrEmail}`, { authorization })

describe('a new user', () => {
  test('is let in with the secret that is answered once, and sees itself alone', async () => {
    const bob = await addPerson(world)
    const own = await call(world, 'GET', '/users', bob)
    expect(own.body.map(({ id }: Person) => id)).toEqual([bob.id])
    expect(own.body[0]).toMatchObject({
      accountId,
      email: bob.email,
      fullName: 'Ada Lovelace',
      active: true,
      roles: [{ key: 'user' }],
    })
    expect(own.text).not.toContain(bob.secret)
    expect((await read(bob.id)).text).not.toContain(bob.secret)
    expect((await call(world, 'GET', `/accounts/${accountId}`, bob)).status).toBe(200)
    expect((await call(world, 'GET', '/accounts', bob)).body).toHaveLength(1)
    expect(await actionsOn(world, bob.id)).toEqual(['user.created'])
  })

  test.each([
    ['no address', { email: 'nobody' }, 'body-invalid'],
    ['an address that cannot be stored', { email: 'a\u0000@example.com' }, 'body-invalid'],
    ['half a letter in its address', { email: '\ud800@example.com' }, 'body-invalid'],
    ['a name that cannot be stored', { email: 'a@e.com', firstName: '\u0000' }, 'body-invalid'],
    ['an empty body', {}, 'body-invalid'],
    ['a short password', { email: 'a@example.com', password: '7 chars' }, 'password-unfit'],
    ['a common password', { email: 'a@example.com', password: 'Password123' }, 'password-unfit'],
    ['one letter over and over', { email: 'a@e.com', password: 'eeeeeeeeee' }, 'password-unfit'],
    ['its address', { email: 'a@example.com', password: 'A@example.com' }, 'password-unfit'],
    ['a long one', { email: 'a@example.com', password: 'a b'.repeat(400) }, 'password-unfit'],
    ['a role that nobody knows', { email: 'a@example.com', roles: ['root'] }, 'role-unknown'],
    ['a role of no account', { email: 'a@example.com', roles: [{ key: 'admin' }] }, 'role-unknown'],
  ])('is refused with %s', async (_, body, code) => {
    const answer = await add(body)
    expect([answer.status, answer.body.code]).toEqual([400, code])
  })

  test('is refused with an address that is taken, here or elsewhere, in the same words', async () => {
    const other = await world.addOrganization()
    const elsewhere = await call({ ...world, ...other }, 'GET', '/users')
    const refusals = await Promise.all(
      [ada.email, ada.email.toUpperCase(), elsewhere.body[0].email].map(async (email) => {
        const { status, body } = await add({ email })
        return [status, body.code, body.message]
      }),
    )
    expect(refusals[0]!.slice(0, 2)).toEqual([409, 'email-taken'])
    expect(refusals).toEqual([refusals[0], refusals[0], refusals[0]])
  })

  test('is made by admins alone, in an account that is theirs', async () => {
    expect((await add({ email: newEmail() }, ada.authorization)).body.code).toBe(
      'role-insufficient',
    )
    const other = await world.addOrganization()
    const answer = await add({ email: newEmail() }, other.authorization)
    expect([answer.status, answer.body.code]).toEqual([404, 'account-not-found'])
  })

  test('may be an admin, by either way to say it', async () => {
    for (const roles of [['org-admin'], [{ key: 'org-admin' }, { key: 'org' }]]) {
      const admin = await addPerson(world, { roles })
      expect((await call(world, 'GET', '/users', admin)).body.length).toBeGreaterThan(1)
    }
  })
})

describe('users', () => {
  test('come in pages, in the order of their ids', async () => {
    const { body: all } = await call(world, 'GET', '/users')
    const seen: number[] = []
    for (let nextPage: string | undefined = ''; nextPage !== undefined; ) {
      const path: string = `/users?pageSize=2${nextPage && `&nextPage=${nextPage}`}`
      const { body, headers } = await call(world, 'GET', path)
      expect(body.length).toBeLessThanOrEqual(2)
      seen.push(...body.map(({ id }: Person) => id))
      nextPage = headers['elements-next-page-token'] as string | undefined
    }
    expect(seen).toEqual(all.map(({ id }: Person) => id))
    const path = `/accounts/${accountId}/users`
    expect((await call(world, 'GET', path)).body).toEqual(all)
    expect((await call(world, 'GET', '/users?nextPage=nonsense')).status).toBe(400)
  })

  test('are found by id and by address, by themselves and by admins', async () => {
    for (const authorization of [world.authorization, ada.authorization]) {
      for (const idOrEmail of [ada.id, ada.email, encodeURIComponent(ada.email.toUpperCase())]) {
        expect((await read(idOrEmail, authorization)).body.id).toBe(ada.id)
      }
    }
  })

  test('are not there for other users, nor for other organizations', async () => {
    const bob = await addPerson(world)
    const other = await world.addOrganization()
    for (const { authorization } of [bob, other]) {
      for (const idOrEmail of [ada.id, ada.email, 0, 'nobody', 'no@body.example', '9'.repeat(20)]) {
        for (const answer of [
          await read(idOrEmail, authorization),
          await change(idOrEmail, { firstName: 'Eve' }, authorization),
          await call(world, 'POST', `/users/${idOrEmail}/secret`, { authorization }),
          await call(world, 'GET', `/users/${idOrEmail}/roles`, { authorization }),
        ]) {
          expect([answer.status, answer.body.code]).toEqual([404, 'user-not-found'])
        }
      }
    }
    expect((await read(ada.id)).body.firstName).toBe('Ada')
  })
})

describe('the secret of a user', () => {
  const readWith = (sent: string, authorization = world.authorization) =>
    call(world, 'GET', `/users/${ada.id}`, {
      authorization,
      headers: { 'elements-user-password': sent, 'x-forwarded-for': '203.0.113.9' },
    })

  test('is read again by who knows the password', async () => {
    expect((await readWith(password)).body.secret).toBe(ada.secret)
    expect((await readWith(password, ada.authorization)).body.secret).toBe(ada.secret)
  })

  test('is not by who does not', async () => {
    const { status, body, text } = await readWith('another sentence')
    expect([status, body.code]).toEqual([403, 'password-wrong'])
    expect(text).not.toContain(ada.secret)
  })

  test('is read with a password of any letters', async () => {
    const euro = await addPerson(world, { password: 'Grüße aus 日本 für €5' })
    const { body } = await call(world, 'GET', `/users/${euro.id}`, {
      headers: {
        'elements-user-password': Buffer.from('Grüße aus 日本 für €5').toString('latin1'),
      },
    })
    expect(body.secret).toBe(euro.secret)
  })
})

describe('a change', () => {
  test('of their own names and address is for everyone', async () => {
    const eve = await addPerson(world)
    const email = newEmail()
    const body = { firstName: 'Eva', email: email.toUpperCase() }
    const changed = await change(eve.id, body, eve.authorization)
    expect(changed.body).toMatchObject({ firstName: 'Eva', lastName: 'Lovelace', email })
    expect((await trySignIn(world, { username: eve.email, password })).status).toBe(401)
    expect((await trySignIn(world, { username: email, password })).status).toBe(200)
    const { status, body: refused } = await change(eve.id, { email: ada.email }, eve.authorization)
    expect([status, refused.code]).toEqual([409, 'email-taken'])
    expect((await read(eve.id)).body.email).toBe(email)
  })

  test('of roles and of who is active is for admins', async () => {
    for (const body of [{ roles: ['org-admin'] }, { active: false }]) {
      const answer = await change(ada.id, body, ada.authorization)
      expect([answer.status, answer.body.code]).toEqual([403, 'role-insufficient'])
    }
    const { body: whole } = await read(ada.id, ada.authorization)
    expect((await change(ada.id, whole, ada.authorization)).status).toBe(200)
  })

  test('that deactivates lets the user in no more, by secret or by bearer token', async () => {
    const eve = await addPerson(world)
    const bearer = await signIn(world, eve)
    const ask = async (authorization: string) =>
      (await call(world, 'GET', '/users', { authorization })).body.code
    expect([await ask(eve.authorization), await ask(bearer)]).toEqual([undefined, undefined])
    expect((await change(eve.id, { active: false })).body.active).toBe(false)
    await expect.poll(() => ask(eve.authorization)).toBe('user-unknown')
    await expect.poll(() => ask(bearer)).toBe('bearer-unknown')
    expect((await trySignIn(world, { username: eve.email, password })).status).toBe(401)
    expect((await call(world, 'GET', `/users/${eve.id}`)).body.active).toBe(false)

    expect((await change(eve.id, { active: true })).body.active).toBe(true)
    await expect.poll(() => ask(eve.authorization)).toBe(undefined)
    expect(await ask(bearer)).toBe('bearer-unknown')
    expect(await actionsOn(world, eve.id)).toEqual([
      'user.created',
      'user.signed-in',
      'user.changed',
      'user.changed',
    ])
  })

  test('may not leave the organization without an active admin, whichever way', async () => {
    const alone = { ...world, ...(await world.addOrganization()) }
    const last = async (method: 'PATCH' | 'DELETE', path: string, body?: object) => {
      const answer = await call(alone, method, path, { body })
      expect([answer.status, answer.body.code]).toEqual([409, 'last-admin'])
    }
    const path = `/users/${alone.userId}`
    const everyWay = async () => {
      await last('PATCH', path, { active: false })
      await last('PATCH', path, { roles: ['user'] })
      await last('DELETE', `${path}/roles/org-admin`)
      await last('DELETE', path)
    }
    await everyWay()
    const other = await addPerson(alone, { roles: ['org-admin'] })
    await call(alone, 'PATCH', `/users/${other.id}`, { body: { active: false } })
    await everyWay()
    await call(alone, 'PATCH', `/users/${other.id}`, { body: { active: true } })
    expect((await call(alone, 'PATCH', path, { body: { active: false } })).status).toBe(200)
  })

  test('that two admins make to each other at once leaves one', async () => {
    const pair = { ...world, ...(await world.addOrganization()) }
    const other = await addPerson(pair, { roles: ['org-admin'] })
    const body = { active: false }
    const statuses = await Promise.all([
      call(pair, 'PATCH', `/users/${other.id}`, { body }),
      call(pair, 'PATCH', `/users/${pair.userId}`, { body, authorization: other.authorization }),
    ])
    const { rows } = await world.context.db.pool.query(
      'select count(*) as count from users where organization_id = $1 and active',
      [pair.organizationId],
    )
    expect([rows[0].count, statuses.filter(({ status }) => status === 200).length]).toEqual([1, 1])
  })
})

/** Changes the user as another request would that is stored first, while `meanwhile` goes on. */
async function overtake<Result>(id: number, first: string, meanwhile: () => Promise<Result>) {
  const { pool } = world.context.db
  const client = await pool.connect()
  await client.query('begin')
  await client.query(first, [id])
  const overtaken = meanwhile()
  const waiting = "select from pg_locks where not granted and locktype = 'transactionid'"
  await expect.poll(async () => (await pool.query(waiting)).rowCount).toBeGreaterThan(0)
  await client.query('commit')
  client.release()
  return overtaken
}

describe('what an admin decides while a user changes something', () => {
  test('about the role stands', async () => {
    const eve = await addPerson(world, { roles: ['org-admin'] })
    const said = await overtake(eve.id, "update users set role = 'user' where id = $1", () =>
      change(eve.id, { roles: ['org-admin'], active: true, firstName: 'E' }, eve.authorization),
    )
    expect(said.status).toBe(200)
    expect(said.body.firstName).toBe('E')
    expect(said.body.roles.map(({ key }: { key: string }) => key)).toEqual(['user'])
  })

  test('about the password stands', async () => {
    const eve = await addPerson(world)
    const other = await addPerson(world)
    const first = `with held as (update users set first_name = 'E' where id = $1 returning id)
      update passwords set hash = (select hash from passwords where user_id = ${other.id})
      from held where user_id = held.id`
    const said = await overtake(eve.id, first, () =>
      change(
        eve.id,
        { password: 'a sentence of a thief', oldPassword: password },
        eve.authorization,
      ),
    )
    expect([said.status, said.body.code]).toEqual([403, 'password-wrong'])
  })
})

describe('a password', () => {
  test('is changed by its owner with the one before, and ends all bearer tokens', async () => {
    const eve = await addPerson(world)
    const bearers = [await signIn(world, eve), await signIn(world, eve)]
    const next = 'another fine sentence'
    const own = (body: object) => change(eve.id, body, eve.authorization)
    for (const oldPassword of [undefined, 'a wrong sentence']) {
      const { status, body } = await own({ password: next, oldPassword })
      expect([status, body.code]).toEqual([403, 'password-wrong'])
    }
    expect((await own({ password: next, oldPassword: password })).status).toBe(200)
    for (const authorization of bearers) {
      await expect
        .poll(async () => (await call(world, 'GET', '/users', { authorization })).body.code)
        .toBe('bearer-unknown')
    }
    expect((await trySignIn(world, { username: eve.email, password })).status).toBe(401)
    expect((await trySignIn(world, { username: eve.email, password: next })).status).toBe(200)
  })

  test('is set by an admin without the one before', async () => {
    const eve = await addPerson(world)
    const next = 'chosen by an admin'
    expect((await change(eve.id, { password: next })).status).toBe(200)
    expect((await trySignIn(world, { username: eve.email, password: next })).status).toBe(200)
    expect((await change(eve.id, { password: 'short' })).body.code).toBe('password-unfit')
  })

  test('is set for the first time by who has none', async () => {
    const eve = await addPerson(world, { password: undefined })
    expect((await trySignIn(world, { username: eve.email, password })).status).toBe(401)
    expect((await change(eve.id, { password }, eve.authorization)).status).toBe(200)
    expect((await trySignIn(world, { username: eve.email, password })).status).toBe(200)
  })

  test('stands nowhere in the database, nor in the log', async () => {
    const telling = 'telling sentence 4711'
    const eve = await addPerson(world, { password: telling })
    await trySignIn(world, { username: eve.email, password: telling })
    const { pool } = world.context.db
    const { rows: tables } = await pool.query(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
       where schemaname = 'public'`,
    )
    for (const { name } of tables) {
      const { rows } = await pool.query(
        `select 1 from ${name} t where t::text like '%' || $1 || '%' or t::text like '%' || $2 || '%'`,
        [telling, eve.secret],
      )
      expect([name, rows.length]).toEqual([name, 0])
    }
    expect(world.log.join('\n')).not.toContain(telling)
    const { rows } = await pool.query('select hash from passwords where user_id = $1', [eve.id])
    expect(rows[0].hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })
})
