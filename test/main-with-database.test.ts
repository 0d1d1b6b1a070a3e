import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runOrganizationCommand } from '../src/access/organization-command.ts'
import { call } from './support/client.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { temporaryFolder } from './support/folder.ts'
import { run, type Service, startService } from './support/service.ts'

const newKey = () => randomBytes(32).toString('base64')
const password = 'not-the-password-9d31'
const key = newKey()

let database: TestDatabase
let env: Record<string, string>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let service: Service

beforeAll(async () => {
  database = await createTestDatabase({ migrated: false })
  folder = await temporaryFolder()
  env = { DATABASE_URL: database.url, LATCHKEY_KEYS: `first:${key}` }
  service = await startService(env, { cwd: folder.path })
})

afterAll(async () => {
  await service[Symbol.asyncDispose]()
  await database.drop()
  await folder[Symbol.asyncDispose]()
})

const organization = (...args: string[]) =>
  run('src/access/organization-command.ts', env, { args }).ended

async function refusedStart(more: Record<string, string>): Promise<string> {
  const ended = await run('src/main.ts', { ...env, PORT: '0', ...more }).ended
  expect(ended).toMatchObject({ code: 1, out: '' })
  expect(ended.complaint).toMatch(/^Latchkey cannot start: .*\n$/)
  return ended.complaint
}

test('with a database of its own, the service keeps nothing on disk and starts no sandbox', async () => {
  expect((await call({ url: service.url, authorization: '' }, 'GET', '/ready')).status).toBe(200)
  expect(await readdir(folder.path)).toEqual([])
  expect(service.out).not.toMatch(/sandbox|lk[uo]_/i)
})

describe('a start is refused in one line', () => {
  test('with another key under the same id', async () => {
    const other = newKey()
    const said = await refusedStart({ LATCHKEY_KEYS: `first:${other}` })
    expect(said).toContain('The key-encryption key "first" is not the one that this database')
    expect(said).not.toContain(other)
  })

  test('without the key, naming it and those at hand', async () => {
    const said = await refusedStart({ LATCHKEY_KEYS: `second:${newKey()}` })
    expect(said).toContain('under the key-encryption key "first"; at hand: second.')
  })

  // A name with several addresses fails in another way than one address does.
  test('where no database answers', async () => {
    const url = `postgres://latchkey:${password}@localhost:1/latchkey`
    const said = await refusedStart({ DATABASE_URL: url })
    expect(said).toContain('The database cannot be used: connect ECONNREFUSED')
    expect(said).not.toContain(password)
  })

  test('with a wrong password for the database', async () => {
    const { href } = Object.assign(new URL(database.url), { password })
    const said = await refusedStart({ DATABASE_URL: href })
    expect(said).toContain('The database cannot be used: password authentication failed')
    expect(said).not.toContain(password)
  })

  test('on a port that is taken, naming the variable', async () => {
    const said = await refusedStart({ PORT: new URL(service.url).port })
    expect(said).toMatch(/address already in use 127\.0\.0\.1:\d+\. Choose another HOST or PORT\./)
  })
})

describe('npm run organization', () => {
  test('makes an organization whose secrets work at once', async () => {
    const { code, out, complaint } = await organization('create', 'Acme', '--user', 'a@example.com')
    expect([code, complaint]).toEqual([0, ''])
    expect(out).toContain('Organization 1 "Acme", user 1\n')
    const authorization = /^Authorization: (.*)$/m.exec(out)![1]!
    expect(authorization).toMatch(/^User lku_1_\w{49}, Organization lko_1_\w{49}$/)
    const world = { url: service.url, authorization }
    expect((await call(world, 'GET', '/instances/1')).status).toBe(404)
    const [user, second] = authorization.split(', ')
    const swapped = `${user}, ${second!.slice(0, -1)}${second!.endsWith('0') ? '1' : '0'}`
    expect((await call(world, 'GET', '/instances/1', { authorization: swapped })).status).toBe(401)
  })

  test('refuses an address that is taken or none, and prints no secret', async () => {
    const taken = await organization('create', 'Acme again', '--user', 'A@example.com')
    expect(taken).toMatchObject({ code: 1, out: '' })
    expect(taken.complaint).toMatch(/^a@example\.com belongs to a user already: .*\n$/)
    const none = await organization('create', 'Acme', '--user', 'nobody')
    expect(none).toMatchObject({ code: 1, out: '' })
    expect(none.complaint).toMatch(/^"nobody" is not an e-mail address\.\n$/)
  })

  test('called in a wrong way, says how it is called and exits with 2', async () => {
    const { code, out, complaint } = await organization('create', 'Acme')
    expect([code, out]).toEqual([2, ''])
    expect(complaint).toMatch(/^Usage: npm run organization -- create <name> --user <email>/)
    for (const args of [
      [],
      ['create', '--user', 'b@example.com'],
      ['create', 'Acme', 'more', '--user', 'b@example.com'],
      ['remove', 'Acme', '--user', 'b@example.com'],
      ['create', 'Acme', '--users', 'b@example.com'],
    ]) {
      const lines: string[] = []
      const out = { print: (line: string) => lines.push(line), complain: () => {} }
      expect(await runOrganizationCommand(args, env, out)).toBe(2)
      expect(lines).toEqual([])
    }
  })
})
