import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runOrganizationCommand } from '../../src/access/organization-command.ts'
import { runUserCommand } from '../../src/access/user-command.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { actionsOn, addPerson, newEmail, password, signIn, trySignIn } from './people.ts'

let world: World
let env: Record<string, string>

beforeAll(async () => {
  world = await startWorld({ env: { LATCHKEY_TRUST_PROXY: 'true' } })
  env = { DATABASE_URL: world.databaseUrl, LATCHKEY_KEYS: world.keys }
})
afterAll(() => world[Symbol.asyncDispose]())

async function run(command: typeof runUserCommand, args: string[], input = '') {
  const lines: string[] = []
  const complaints: string[] = []
  const exit = await command(args, env, {
    print: (line) => lines.push(line),
    complain: (line) => complaints.push(line),
    read: async () => input,
  })
  return { exit, lines, complaints }
}
const user = (args: string[], input?: string) => run(runUserCommand, args, input)
const organization = (...args: string[]) => run(runOrganizationCommand, args)
const here = () => ['--organization', String(world.organizationId)]
const secretIn = (lines: string[]) => lines.join().match(/lku_\w+/)![0]
const ask = (secret: string) =>
  call(world, 'GET', '/users', {
    authorization: `User ${secret}, ${world.authorization.split(', ')[1]}`,
  })

describe('npm run user', () => {
  test.each([
    [[]],
    [['add']],
    [['add', 'a@example.com']],
    [['add', 'a@example.com', '--organization', 'one']],
    [['add', 'a@example.com', 'b@example.com', '--organization', '1']],
    [['list']],
    [['list', 'all', '--organization', '1']],
    [['remove', 'a@example.com']],
    [['constructor', 'a@example.com']],
    [['password', 'a@example.com', 'in sight of all']],
    [['secret', 'a@example.com', '--overlap', '-1']],
    [['code', 'a@example.com', '--admin']],
    [['deactivate', '--everyone']],
  ])('%j is a wrong call', async (args) => {
    const { exit, lines, complaints } = await user(args)
    expect([exit, lines]).toEqual([2, []])
    expect(complaints.join()).toContain('Usage')
  })

  test.each([
    ['a user who is not there', ['deactivate', 'nobody@example.com'], 'no user'],
    ['no address', ['deactivate', 'nobody'], 'no user'],
    ['no organization', ['add', 'a@example.com', '--organization', '999999'], 'no organization'],
    [
      'no account',
      ['add', 'a@example.com', '--organization', '1', '--account', '99999'],
      'account',
    ],
    ['an address that is none', ['add', 'nobody', '--organization', '1'], 'e-mail address'],
  ])('fails in a sentence for %s', async (_, args, words) => {
    const { exit, lines, complaints } = await user(args)
    expect([exit, lines, complaints.length]).toEqual([1, [], 1])
    expect(complaints[0]).toContain(words)
  })

  test('adds users and lists them', async () => {
    const [plain, admin] = [newEmail(), newEmail()]
    const added = await user(['add', plain, ...here()])
    expect(added.exit).toBe(0)
    expect((await ask(secretIn(added.lines))).body).toHaveLength(1)
    const { lines } = await user(['add', admin, '--admin', ...here()])
    expect((await ask(secretIn(lines))).body.length).toBeGreaterThan(1)
    const listed = (await user(['list', ...here()])).lines.join('\n')
    expect(listed).toMatch(new RegExp(`user +active +${plain}`))
    expect(listed).toMatch(new RegExp(`org-admin +active +${admin}`))
    expect((await user(['add', plain, ...here()])).complaints[0]).toContain('cannot be used')
  })

  test('deactivates and activates', async () => {
    const ada = await addPerson(world)
    expect((await user(['deactivate', ada.email])).exit).toBe(0)
    await expect.poll(async () => (await ask(ada.secret)).status).toBe(401)
    expect((await user(['activate', ada.email.toUpperCase()])).exit).toBe(0)
    await expect.poll(async () => (await ask(ada.secret)).status).toBe(200)
    const { rows } = await world.context.db.pool.query(
      "select actor, user_id from audit_entries where action = 'user.changed' and owner_id = $1",
      [ada.id],
    )
    expect(rows).toEqual(Array(2).fill({ actor: 'operator', user_id: null }))
  })

  test('takes a password from the standard input alone', async () => {
    const ada = await addPerson(world)
    const next = 'chosen by the operator'
    expect((await user(['password', ada.email], `${next}\n`)).exit).toBe(0)
    expect((await trySignIn(world, { username: ada.email, password: next })).status).toBe(200)
    for (const unfit of ['', 'short\n', 'password\n']) {
      const { exit, complaints } = await user(['password', ada.email], unfit)
      expect([exit, complaints[0]]).toEqual([1, expect.stringContaining('cannot be used')])
    }
    expect((await trySignIn(world, { username: ada.email, password: next })).status).toBe(200)
  })

  test('gives a new secret, and the one before ends', async () => {
    const ada = await addPerson(world)
    const { exit, lines } = await user(['secret', ada.email, '--overlap', '0'])
    expect(exit).toBe(0)
    expect((await ask(secretIn(lines))).status).toBe(200)
    await expect.poll(async () => (await ask(ada.secret)).status).toBe(401)
  })

  test('prints a code that signs in once', async () => {
    const ada = await addPerson(world, { password: undefined })
    const { lines } = await user(['code', ada.email])
    expect(lines).toHaveLength(1)
    const [code] = lines
    expect((await trySignIn(world, { code })).status).toBe(200)
    expect((await trySignIn(world, { code })).status).toBe(401)
    expect(await actionsOn(world, ada.id)).toEqual([
      'user.created',
      'user.sign-in-code-created',
      'user.signed-in',
    ])
  })
})

describe('npm run organization', () => {
  test.each([
    [['list', 'all']],
    [['list', '--user', 'a@example.com']],
    [['rename', '1']],
    [['allow-export', '1']],
    [['allow-export', 'one', '{}']],
    [['rename', 'one', 'Name']],
    [['disable']],
    [['disable', 'Acme']],
    [['enable', '1', '2']],
    [['delete', '1']],
  ])('%j is a wrong call', async (args) => {
    expect((await organization(...args)).exit).toBe(2)
  })

  test('lists and renames', async () => {
    const { organizationId: id } = await world.addOrganization()
    expect((await organization('rename', String(id), ' Renamed Ltd ')).exit).toBe(0)
    const { lines } = await organization('list')
    expect(lines.join('\n')).toMatch(new RegExp(`^${id} +active +Renamed Ltd$`, 'm'))
    const missing = await organization('rename', '999999', 'Nobody')
    expect([missing.exit, missing.complaints.length]).toEqual([1, 1])
    expect((await organization('rename', String(id), '  ')).exit).toBe(1)
  })

  test('lets instances leave for a key, and for none that is unfit', async () => {
    const { authorization, organizationId: id } = await world.addOrganization()
    const made = await call(world, 'POST', '/imports/keys', { body: {} })
    const { publicKey } = made.body
    const body = { publicKey, all: true }
    const leave = async () =>
      (await call(world, 'POST', '/instances/export', { body, authorization })).status
    expect(await leave()).toBe(403)
    for (const key of ['no json', 'null', '{}', JSON.stringify({ ...publicKey, d: 'AAAA' })]) {
      const { exit, complaints } = await organization('allow-export', String(id), key)
      expect([exit, complaints.length]).toEqual([1, 1])
    }
    expect(await leave()).toBe(403)
    const { exit, lines } = await organization(
      'allow-export',
      String(id),
      JSON.stringify(publicKey),
    )
    expect([exit, lines.join()]).toEqual([0, expect.stringContaining(publicKey.kid)])
    expect(await leave()).toBe(200)
  })

  test('disables all callers of an organization, by secret and by bearer token, and enables them', async () => {
    const other = { ...world, ...(await world.addOrganization()) }
    const ada = await addPerson(other)
    const bearer = await signIn(world, ada)
    const codes = async () =>
      Promise.all(
        [ada.authorization, bearer].map(
          async (authorization) =>
            (await call(other, 'GET', '/users', { authorization })).body.code,
        ),
      )
    expect(await codes()).toEqual([undefined, undefined])
    expect((await organization('disable', String(other.organizationId))).exit).toBe(0)
    await expect.poll(codes).toEqual(['organization-unknown', 'bearer-unknown'])
    expect((await trySignIn(world, { username: ada.email, password })).status).toBe(401)
    expect((await organization('list')).lines.join('\n')).toContain('disabled')
    expect((await organization('enable', String(other.organizationId))).exit).toBe(0)
    await expect.poll(codes).toEqual([undefined, undefined])
  })
})
