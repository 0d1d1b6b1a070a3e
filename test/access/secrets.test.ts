import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Keyring } from '../../src/vault/keyring.ts'
import { retire } from '../../src/vault/retire.ts'
import { rotate } from '../../src/vault/rotate.ts'
import { Vault } from '../../src/vault/vault.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { actionsOn, addPerson, type Person, password, signIn } from './people.ts'

let world: World

beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const ask = async (authorization: string) =>
  (await call(world, 'GET', '/users', { authorization })).body.code
const rotateOf = ({ id }: Person, body?: object, authorization = world.authorization) =>
  call(world, 'POST', `/users/${id}/secret`, { body, authorization })
const signInBySecrets = async (authorization: string) => {
  const { body } = await call(world, 'POST', '/authentication', { body: {}, authorization })
  return `Bearer ${body.token}`
}
const withUser = (secret: string) => `User ${secret}, ${world.authorization.split(', ')[1]}`
const rowsOf = async (id: number) => {
  const { rows } = await world.context.db.pool.query(
    `select (select array_agg(secret_version order by secret_version) from access_secrets
       where user_id = $1::bigint) as hashed,
     (select array_agg(secret_version order by secret_version) from secrets
       where owner = 'user/' || $1) as sealed`,
    [String(id)],
  )
  return rows[0]
}

describe('a new secret of a user', () => {
  test('works at once, beside the one before for a day', async () => {
    const ada = await addPerson(world)
    const { status, body } = await rotateOf(ada, undefined, ada.authorization)
    expect(status).toBe(200)
    const hours = (Date.parse(body.previousExpiresAt) - Date.now()) / 3_600_000
    expect(Math.round(hours)).toBe(24)
    expect(body.secret).not.toBe(ada.secret)
    for (const secret of [body.secret, ada.secret])
      expect(await ask(withUser(secret))).toBe(undefined)
    expect(await rowsOf(ada.id)).toEqual({ hashed: [1, 2], sealed: [1, 2] })
    expect(await actionsOn(world, ada.id)).toEqual(['user.created', 'user.secret-rotated'])
  })

  test('ends the one before at once where no overlap is wanted, on every replica', async () => {
    const ada = await addPerson(world)
    await using other = await startWorld({ databaseUrl: world.databaseUrl, keys: world.keys })
    const askThere = async (authorization: string) =>
      (await call(other, 'GET', '/users', { authorization })).body.code
    expect([await ask(ada.authorization), await askThere(ada.authorization)]).toEqual([
      undefined,
      undefined,
    ])
    const { body } = await rotateOf(ada, { overlapSeconds: 0 })
    await expect.poll(() => ask(ada.authorization)).toBe('user-unknown')
    await expect.poll(() => askThere(ada.authorization)).toBe('user-unknown')
    expect(await askThere(withUser(body.secret))).toBe(undefined)
    expect(await rowsOf(ada.id)).toEqual({ hashed: [2], sealed: [2] })
  })

  test('ends what was signed in to with the one before, and not with the password', async () => {
    const ada = await addPerson(world)
    const stolen = await signInBySecrets(ada.authorization)
    const own = await signIn(world, ada)
    expect([await ask(stolen), await ask(own)]).toEqual([undefined, undefined])
    await rotateOf(ada)
    expect([await ask(stolen), await ask(own)]).toEqual([undefined, undefined])
    await rotateOf(ada, { overlapSeconds: 0 })
    expect([await ask(stolen), await ask(own)]).toEqual(['bearer-unknown', undefined])
  })

  test('ends the one before when the overlap is over, though it was just used', async () => {
    const ada = await addPerson(world)
    expect(await ask(ada.authorization)).toBe(undefined)
    const { body } = await rotateOf(ada, { overlapSeconds: 1 })
    await expect.poll(() => ask(ada.authorization), { timeout: 10_000 }).toBe('user-unknown')
    expect(await ask(withUser(body.secret))).toBe(undefined)
    await rotateOf(ada)
    expect(await rowsOf(ada.id)).toEqual({ hashed: [2, 3], sealed: [2, 3] })
  })

  test('shortens an overlap that is under way, and never lengthens it', async () => {
    const ada = await addPerson(world)
    const endOfFirst = async () => {
      const { rows } = await world.context.db.pool.query(
        'select expires_at from access_secrets where user_id = $1 and secret_version = 1',
        [ada.id],
      )
      return rows[0].expires_at as Date
    }
    await rotateOf(ada, { overlapSeconds: 100 })
    const first = await endOfFirst()
    await rotateOf(ada, { overlapSeconds: 1000 })
    expect(await endOfFirst()).toEqual(first)
    await rotateOf(ada, { overlapSeconds: 10 })
    expect((await endOfFirst()) < first).toBe(true)
  })

  test('is the one that is read again', async () => {
    const ada = await addPerson(world)
    const { body } = await rotateOf(ada)
    const read = await call(world, 'GET', `/users/${ada.id}`, {
      headers: { 'elements-user-password': password },
    })
    expect(read.body.secret).toBe(body.secret)
    const secrets = await call(world, 'GET', '/authentication/secrets', {
      authorization: await signIn(world, ada),
      headers: { 'elements-user-password': password },
    })
    expect(secrets.body.userSecret).toBe(body.secret)
  })

  test('made many times at once is as many secrets, all of which work', async () => {
    const ada = await addPerson(world)
    const answers = await Promise.all(Array.from({ length: 6 }, () => rotateOf(ada)))
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
    for (const { body } of answers) expect(await ask(withUser(body.secret))).toBe(undefined)
  })

  test.each([-1, 0.5, 10_000_000, '60', null])(
    'is refused with an overlap of %j',
    async (overlapSeconds) => {
      const ada = await addPerson(world)
      const { status, body } = await rotateOf(ada, { overlapSeconds })
      expect([status, body.code]).toEqual([400, 'body-invalid'])
      expect(await rowsOf(ada.id)).toEqual({ hashed: [1], sealed: [1] })
    },
  )
})

test('a new secret of the organization works at once, and is for admins', async () => {
  const ada = await addPerson(world)
  const path = '/organization/secret'
  const refused = await call(world, 'POST', path, ada)
  expect([refused.status, refused.body.code]).toEqual([403, 'role-insufficient'])
  const { status, body } = await call(world, 'POST', path, { body: { overlapSeconds: 0 } })
  expect(status).toBe(200)
  await expect.poll(() => ask(world.authorization)).toBe('organization-unknown')
  const [user] = world.authorization.split(', ')
  world.authorization = `${user}, Organization ${body.secret}`
  expect(await ask(world.authorization)).toBe(undefined)
  expect(await ask(withUser(ada.secret))).toBe(undefined)
  const { rows } = await world.context.db.pool.query(
    "select user_id from audit_entries where action = 'organization.secret-rotated'",
  )
  expect(rows).toEqual([{ user_id: world.userId }])
})

describe('a new secret of the organization', () => {
  test('ends what anybody signed in to with the one before, and not with a password', async () => {
    const organization = { ...world, ...(await world.addOrganization()) }
    const admin = organization.authorization
    const ada = await addPerson(organization)
    const elsewhere = await signInBySecrets((await world.addOrganization()).authorization)
    const bySecrets = [await signInBySecrets(admin), await signInBySecrets(ada.authorization)]
    const byPassword = await signIn(organization, ada)
    const rotate = (body: object) =>
      call(organization, 'POST', '/organization/secret', { body, authorization: admin })
    const asked = () => Promise.all([...bySecrets, byPassword, elsewhere].map(ask))
    expect((await rotate({ overlapSeconds: 3600 })).status).toBe(200)
    expect(await asked()).toEqual([undefined, undefined, undefined, undefined])
    expect((await rotate({ overlapSeconds: 0 })).status).toBe(200)
    expect(await asked()).toEqual(['bearer-unknown', 'bearer-unknown', undefined, undefined])
  })
})

test('a bearer token that was stolen makes no secret that outlives it', async () => {
  const ada = await addPerson(world)
  await call(world, 'PUT', `/users/${ada.id}/roles/org-admin`)
  const bearer = await signIn(world, ada)
  const rotate = (path: string, authorization: string, sent?: string) =>
    call(world, 'POST', path, {
      body: {},
      authorization,
      ...(sent !== undefined && { headers: { 'elements-user-password': sent } }),
    })
  const own = `/users/${ada.id}/secret`
  expect((await rotate(own, bearer)).status).toBe(200)
  await world.context.db.pool.query(
    "update sign_in_tokens set created_at = now() - interval '301 seconds' where user_id = $1",
    [ada.id],
  )
  for (const path of [own, `/users/${world.userId}/secret`, '/organization/secret']) {
    for (const sent of [undefined, 'a wrong sentence']) {
      const { status, body } = await rotate(path, bearer, sent)
      expect([status, body.code]).toEqual([403, 'password-wrong'])
    }
  }
  expect((await rotate(own, bearer, password)).status).toBe(200)
})

describe('the two secrets are read again', () => {
  const read = (authorization: string, sent?: string) =>
    call(world, 'GET', '/authentication/secrets', {
      authorization,
      ...(sent !== undefined && { headers: { 'elements-user-password': sent } }),
    })

  test('by who knows the password, with a bearer token or with the secrets', async () => {
    const ada = await addPerson(world)
    for (const authorization of [await signIn(world, ada), ada.authorization]) {
      const { status, body } = await read(authorization, password)
      expect(status).toBe(200)
      expect(`User ${body.userSecret}, Organization ${body.organizationSecret}`).toBe(
        withUser(ada.secret),
      )
    }
  })

  test('by who has just signed in with it, as a program does', async () => {
    const ada = await addPerson(world)
    const { status, body } = await read(await signIn(world, ada))
    expect([status, withUser(ada.secret)]).toEqual([
      200,
      `User ${body.userSecret}, Organization ${body.organizationSecret}`,
    ])
  })

  test('by nobody else: not with an older bearer token, nor an old secret, alone', async () => {
    const ada = await addPerson(world)
    await rotateOf(ada)
    const older = await signIn(world, ada)
    await world.context.db.pool.query(
      "update sign_in_tokens set created_at = now() - interval '301 seconds' where user_id = $1",
      [ada.id],
    )
    const bearers = [older, await signInBySecrets(ada.authorization)]
    for (const authorization of [...bearers, ada.authorization]) {
      for (const sent of [undefined, 'a wrong sentence']) {
        const { status, body, text } = await read(authorization, sent)
        expect([status, body.code]).toEqual([403, 'password-wrong'])
        expect(text).not.toContain('lk')
      }
    }
  })

  test('by nobody who has no password', async () => {
    for (const sent of [undefined, '', 'any password at all']) {
      const { status, body } = await read(world.authorization, sent)
      expect([status, body.code]).toEqual([403, 'password-wrong'])
    }
  })
})

test('secrets, old and new, and bearer tokens outlive a turn of all keys', async () => {
  const ada = await addPerson(world)
  const { body } = await rotateOf(ada)
  const bearer = await signIn(world, ada)
  const { db } = world.context
  const [id, key] = world.keys.split(':') as [string, string]
  const keys = [
    { id: 'next', key: randomBytes(32) },
    { id, key: Buffer.from(key, 'base64') },
  ]
  const vault = await Vault.open(db, new Keyring(keys))
  const report = await rotate(db, vault, { settleMs: 0 })
  expect([report.failures, report.left]).toEqual([[], 0])
  const held = await retire(db, vault, { settledMs: 0 })
  // While a bearer token is good that was hashed under it.
  expect(held.kept.peppers).toBe(1)
  const turned = `next:${keys[0]!.key.toString('base64')}`
  await using later = await startWorld({ databaseUrl: world.databaseUrl, keys: turned })
  for (const authorization of [withUser(body.secret), ada.authorization, bearer]) {
    const { status, body: own } = await call(later, 'GET', '/users', { authorization })
    expect([status, own[0]?.id]).toEqual([200, ada.id])
  }
  await db.pool.query('update sign_in_tokens set expires_at = now()')
  expect((await retire(db, vault, { settledMs: 0 })).removed.peppers).toBe(1)
})
