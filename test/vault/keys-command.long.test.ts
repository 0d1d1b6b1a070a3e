import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { createOrganization } from '../../src/access/organization.ts'
import { openDatabase } from '../../src/database/database.ts'
import { startEmbedded } from '../../src/database/embedded.ts'
import { migrate } from '../../src/database/migrate.ts'
import { Keyring } from '../../src/vault/keyring.ts'
import { readKeysFile, readOrCreateKeysFile } from '../../src/vault/keys-file.ts'
import { Vault } from '../../src/vault/vault.ts'
import { temporaryFolder } from '../support/folder.ts'
import { passwordOf, readSecret, storeSecrets } from './world.ts'

// Commits reach the system, so that they outlive a kill of the server.
const settings = { fsync: 'off', full_page_writes: 'off' }

describe('npm run keys, on the database that the service brought', () => {
  test('turns the key in the file, survives a kill, and lets nobody retire a key in use', async () => {
    await using folder = await temporaryFolder()
    const dataDir = folder.path
    const file = join(dataDir, 'keys')
    const ids = async () => (await readKeysFile(file))!.map((key) => key.id)
    const keys = (command: string) => runKeys(dataDir, command)

    const nothingYet = await keys('rotate').ended
    expect(nothingYet).toMatchObject({ code: 1, out: '' })
    expect(nothingYet.complaint).toMatch(
      /^There are no keys in .* yet: start the service once\.\n$/,
    )

    const service = await startService(dataDir)
    const { organizationId } = service
    const rows = 10_000
    await storeSecrets(service.db, service.vault, organizationId, rows)
    const [original] = await ids()

    const killed = keys('rotate')
    await whileUnturned(service.db, rows / 10)
    killed.child.kill('SIGKILL')
    await killed.ended
    const [turned, ...others] = await ids()
    expect(others).toEqual([original])

    const rotated = await keys('rotate').ended
    expect(rotated).toMatchObject({ code: 0, complaint: '' })
    expect(rotated.out).toContain(
      `Finished the interrupted rotation: key-encryption key "${turned}"`,
    )
    expect(await ids()).toEqual([turned, original])
    service.vault.forgetDataKeys()
    const place = passwordOf(organizationId, rows)
    expect(await readSecret(service.db, service.vault, place)).toBe(`password ${rows}`)

    // A PostgreSQL that was started again does not make the service a new one.
    const [postmaster] = (await readFile(service.pidFile, 'utf8')).split('\n')
    process.kill(Number(postmaster), 'SIGKILL')
    const tooEarly = await keys('retire').ended
    expect(tooEarly.code).toBe(1)
    expect(tooEarly.complaint).toContain('restart it, then run `retire` again')
    expect(await ids()).toEqual([turned, original])
    await service.stop()

    const restarted = await startService(dataDir)
    const retired = await keys('retire').ended
    expect(retired).toMatchObject({ code: 0, complaint: '' })
    expect(retired.out).toContain(`Retired: key-encryption key "${original}".`)
    expect(await ids()).toEqual([turned])
    expect(await readSecret(restarted.db, restarted.vault, place)).toBe(`password ${rows}`)
    await restarted.stop()

    // Without a service: the command brings the database up, and down again.
    const again = await keys('rotate').ended
    expect(again).toMatchObject({ code: 0, complaint: '' })
    const [newest, ...older] = await ids()
    expect(older).toEqual([turned])
    expect((await keys('retire').ended).code).toBe(0)
    expect(await ids()).toEqual([newest])
    expect((await keys('status').ended).out).toContain(`key-encryption key "${newest}" (active)`)
    expect(await readFile(file, 'utf8')).toMatch(/^k-\d{8}-[0-9a-f]{4}:[A-Za-z0-9+/]{43}=\n$/)

    const last = await startService(dataDir)
    expect(await readSecret(last.db, last.vault, place)).toBe(`password ${rows}`)
    await last.stop()
  })
})

async function startService(dataDir: string) {
  const postgres = await startEmbedded({ dataDir, settings })
  await migrate(postgres.url)
  const db = openDatabase({ url: postgres.url, onError: () => {} })
  const vault = await Vault.open(db, new Keyring(await readOrCreateKeysFile(join(dataDir, 'keys'))))
  const { rows } = await db.pool.query('select organization_id from organizations')
  const given = { name: 'First', email: 'first@example.com' }
  const organizationId =
    rows[0]?.organization_id ?? (await createOrganization({ db, vault }, given)).organizationId
  const stop = async () => {
    await db[Symbol.asyncDispose]()
    await postgres.stop()
  }
  const pidFile = join(postgres.dataFolder, 'postmaster.pid')
  return { db, vault, organizationId, stop, pidFile }
}

async function whileUnturned(db: Awaited<ReturnType<typeof startService>>['db'], rows: number) {
  for (;;) {
    const count = 'select count(*)::int as turned from secrets where data_key_id > 1'
    if ((await db.pool.query(count)).rows[0].turned >= rows) return
    await delay(5)
  }
}

function runKeys(dataDir: string, command: string) {
  const child = spawn(process.execPath, ['src/vault/keys-command.ts', command], {
    env: { LATCHKEY_DATA_DIR: dataDir },
  })
  const said = { out: '', complaint: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said.complaint += text
  })
  const ended = once(child, 'close').then(([code]) => ({ code, ...said }))
  return { child, ended }
}
