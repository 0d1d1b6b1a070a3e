import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseKeys } from '../../src/config.ts'
import { runKeysCommand } from '../../src/vault/keys-command.ts'
import { formatKey } from '../../src/vault/keys-file.ts'
import { createTestDatabase } from '../support/database.ts'
import { createWorld, giveOrganization, kek, passwordOf, storeSecret, type World } from './world.ts'

const [first, second] = [kek('k-1'), kek('k-2')]
const both = [second, first].map(formatKey).join()
let world: World

beforeEach(async () => {
  world = await createWorld()
  const vault = await world.vault(first)
  const { organizationId } = await giveOrganization(world.db, vault)
  await storeSecret(world.db, vault, passwordOf(organizationId, 1), 'password')
})

afterEach(() => world[Symbol.asyncDispose]())

async function keys(command: string, env: Record<string, string> = {}) {
  const out: string[] = []
  const complaints: string[] = []
  const exitCode = await runKeysCommand(command.split(' ').filter(Boolean), env, {
    print: (line) => out.push(line),
    complain: (line) => complaints.push(line),
  })
  return { exitCode, out, complaints }
}

const on = (list: string) => ({ DATABASE_URL: world.url, LATCHKEY_KEYS: list })

describe('npm run keys', () => {
  test('says how it is used when it is called wrongly, and does nothing', async () => {
    const wrong = ['', 'turn', 'rotate now', 'status x', 'generate 2', 'retire a b', 'toString']
    for (const command of wrong) {
      const { exitCode, out, complaints } = await keys(command, on(both))
      expect([exitCode, out]).toEqual([2, []])
      expect(complaints[0]).toMatch(/^Usage: npm run keys -- <command>/)
    }
  })

  test('says in one line what is wrong with the keys or the database', async () => {
    await using empty = await createTestDatabase({ migrated: false })
    const secretly = 'postgres://latchkey:hunter2@127.0.0.1:1/latchkey'
    const cases: [string, Record<string, string>, RegExp][] = [
      ['rotate', { DATABASE_URL: world.url }, /^LATCHKEY_KEYS is required/],
      ['rotate', on('k-1:short'), /^LATCHKEY_KEYS: key "k-1" must be 32 bytes/],
      ['rotate', on(formatKey(second)), /key-encryption key "k-1"; at hand: k-2\.$/],
      ['rotate', on(formatKey(kek('k-1'))), /"k-1" is not the one/],
      ['retire', on(both), /run `rotate` first\.$/],
      ['retire k-2', on(both), /"k-2" is the active key/],
      ['status', { ...on(both), DATABASE_URL: empty.url }, /start the service once\.$/],
      ['rotate', { ...on(both), DATABASE_URL: secretly }, /ECONNREFUSED/],
      ['rotate', { LATCHKEY_DATA_DIR: '/nowhere' }, /^There are no keys in \/nowhere yet/],
    ]
    for (const [command, env, sentence] of cases) {
      const { exitCode, out, complaints } = await keys(command, env)
      expect([exitCode, out, complaints.length]).toEqual([1, [], 1])
      expect(complaints[0]).toMatch(sentence)
      expect(complaints[0]).not.toMatch(/\n|hunter2/)
    }
  })

  test('rotate ends with 1 where something failed, and names it', async () => {
    await world.db.pool.query("update secrets set sealed = 'x' where owner = 'instance/1'")
    const { exitCode, out } = await keys('rotate', on(both))
    expect(exitCode).toBe(1)
    expect(out).toContain('total: 5 scanned, 4 resealed, 0 contended, 1 failed')
    expect(out.find((line) => line.startsWith('failed: '))).toContain('of instance/1')
  })

  test('generate prints a fresh key that LATCHKEY_KEYS takes', async () => {
    const { exitCode, out } = await keys('generate')
    expect(exitCode).toBe(0)
    expect(parseKeys(out.join('\n'))).toHaveLength(1)
    expect((await keys('generate')).out).not.toEqual(out)
  })

  test('rotate, status and retire lead from the old key to the new one', async () => {
    const rotated = await keys('rotate', on(both))
    expect(rotated.complaints).toEqual([])
    expect(rotated.exitCode).toBe(0)
    expect(rotated.out).toEqual([
      'Rotated: key-encryption key "k-2".',
      'secrets: 3 scanned, 3 resealed, 0 contended, 0 failed',
      'answers: 0 scanned, 0 resealed, 0 contended, 0 failed',
      'tokens: 2 scanned, 2 resealed, 0 contended, 0 failed',
      'total: 5 scanned, 5 resealed, 0 contended, 0 failed',
      'Next: start every service with "k-2" first in LATCHKEY_KEYS; then run `retire`; then drop the other keys there.',
    ])
    const status = await keys('status', on(both))
    expect(status.out.slice(0, 3)).toEqual([
      'key-encryption key "k-1" (at hand): 2 data keys, 2 peppers',
      'key-encryption key "k-2" (active): 2 data keys, 2 peppers',
      'superseded: 1 data key, 1 pepper',
    ])
    expect(status.out[3]).toMatch(/^rotation: to "k-2", finished \d{4}-/)

    expect(await keys('retire', on(both))).toEqual({
      exitCode: 0,
      complaints: [],
      out: [
        'Retired: key-encryption key "k-1".',
        'Removed: 0 data keys, 0 peppers.',
        'Kept: 1 data key, 1 pepper, which may still be in use. Run `retire` again later.',
        'Next: drop "k-1" from LATCHKEY_KEYS.',
      ],
    })
    const after = await keys('status', on(formatKey(second)))
    expect(after.out[0]).toBe('key-encryption key "k-2" (active): 2 data keys, 2 peppers')
  })

  test('rotate with the same key turns the data keys and the pepper, and says so', async () => {
    const { out } = await keys('rotate', on(formatKey(first)))
    expect(out).toContain('total: 5 scanned, 5 resealed, 0 contended, 0 failed')
    expect(out.join('\n')).toContain('The key-encryption key is "k-1" as before.')
  })
})
