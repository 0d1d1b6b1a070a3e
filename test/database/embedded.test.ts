import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  attachEmbedded,
  type EmbeddedPostgres,
  startEmbedded,
} from '../../src/database/embedded.ts'
import { installedBinaries, usableBinaries } from '../../src/database/embedded-binaries.ts'
import { openHome } from '../../src/database/embedded-home.ts'
import { tryLock } from '../../src/database/file-lock.ts'
import { temporaryFolder } from '../support/folder.ts'

const awkward = "own's $HOME däta"
const settings = { fsync: 'off', cluster_name: "it's \\ours" }

async function query(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

function changed(url: string, change: Partial<URL>) {
  return Object.assign(new URL(url), change).href
}

describe('a running database', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let running: EmbeddedPostgres

  beforeAll(async () => {
    folder = await temporaryFolder()
    running = await startEmbedded({ dataDir: join(folder.path, awkward), settings })
  })

  afterAll(async () => {
    await running.stop()
    await folder[Symbol.asyncDispose]()
  })

  test('refuses a wrong password', async () => {
    const url = changed(running.url, { password: 'guess' })
    await expect(query(url, 'SELECT 1')).rejects.toThrow('password authentication failed')
  })

  test('refuses its superuser over the network', async () => {
    const url = changed(running.url, { username: 'postgres' })
    await expect(query(url, 'SELECT 1')).rejects.toThrow('no pg_hba.conf entry')
  })

  test('refuses our role what only a superuser may do', async () => {
    const outbreak = "COPY (SELECT 1) TO PROGRAM 'cat'"
    await expect(query(running.url, outbreak)).rejects.toThrow('permission denied')
  })

  test('listens on no address but 127.0.0.1', async () => {
    const others = Object.values(networkInterfaces()).flatMap((addresses) =>
      (addresses ?? []).filter((found) => found.family === 'IPv4' && !found.internal),
    )
    for (const { address } of others) {
      const url = changed(running.url, { hostname: address })
      await expect(query(url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
    }
    await expect(query(changed(running.url, { hostname: '[::1]' }), 'SELECT 1')).rejects.toThrow()
  })

  test('keeps the password and the data from other users', async () => {
    const home = dirname(running.dataFolder)
    expect((await stat(join(home, 'password'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(home, 'postgres.log'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(home, 'lock'))).mode & 0o777).toBe(0o600)
    expect((await stat(running.dataFolder)).mode & 0o077).toBe(0)
    expect((await stat(home)).mode & 0o066).toBe(0)
  })

  test('refuses a second start on the same data, and serves on', async () => {
    const again = startEmbedded({ dataDir: join(folder.path, awkward), settings })
    await expect(again).rejects.toThrow(`in use by another Latchkey (process ${process.pid})`)
    expect(await query(running.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('is used, and not stopped, by a command that attaches to it', async () => {
    const command = await attachEmbedded({ dataDir: join(folder.path, awkward) })
    expect(command.url).toBe(running.url)
    await command.stop()
    expect(await query(running.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test("depends on nothing of the machine's locale and time zone", async () => {
    const [row] = await query(
      running.url,
      `SELECT current_setting('timezone') AS zone, current_setting('server_encoding') AS encoding,
        lower('ÄŒ') AS lower, 'a' < 'B' AS alphabetic, datlocprovider AS provider
        FROM pg_database WHERE datname = current_database()`,
    )
    expect(row).toEqual({
      zone: 'UTC',
      encoding: 'UTF8',
      lower: 'äœ',
      alphabetic: false,
      provider: 'b',
    })
  })

  test('takes settings as they are written, whatever is in them', async () => {
    const [row] = await query(running.url, 'SHOW cluster_name')
    expect(row.cluster_name).toBe(settings.cluster_name)
  })

  test('lets our role own its database and make others', async () => {
    await query(running.url, 'CREATE TABLE kept (id int)')
    await query(running.url, 'CREATE DATABASE other')
    await query(running.url, 'DROP DATABASE other')
  })
})

describe('a start', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dataDir: string
  let data: string

  const restart = () => startEmbedded({ dataDir, settings })

  beforeAll(async () => {
    folder = await temporaryFolder()
    dataDir = join(folder.path, 'data')
    await mkdir(join(dataDir, 'postgres', 'unfinished-1', 'half'), { recursive: true })
    const first = await restart()
    await query(first.url, "CREATE TABLE kept AS SELECT 'data' AS value")
    await first.stop()
    data = first.dataFolder
  })

  afterAll(() => folder[Symbol.asyncDispose]())

  async function expectData(running: EmbeddedPostgres) {
    expect(await query(running.url, 'SELECT value FROM kept')).toEqual([{ value: 'data' }])
    await running.stop()
  }

  test('refuses a cluster of another major version', async () => {
    await writeFile(join(data, 'PG_VERSION'), '17\n')
    await expect(restart()).rejects.toThrow(
      'was made by PostgreSQL 17, and this Latchkey brings 18',
    )
    await writeFile(join(data, 'PG_VERSION'), '18\n')
    await expectData(await restart())
  })

  test("fails with PostgreSQL's own words, and lets go of the data", async () => {
    const wrong = startEmbedded({ dataDir, settings: { ...settings, shared_buffers: 'many' } })
    await expect(wrong).rejects.toThrow('invalid value for parameter "shared_buffers": "many"')
    await expectData(await restart())
  })

  test('refuses a link to data that is not there, rather than begin anew', async () => {
    const dangling = join(folder.path, 'dangling')
    await mkdir(dangling)
    await symlink('/nonexistent/home', join(dangling, 'postgres'))
    await expect(startEmbedded({ dataDir: dangling })).rejects.toThrow(
      'points to a database that is not there',
    )
  })

  test('keeps the data, and takes another port where the last one is taken', async () => {
    const last = await restart()
    await last.stop()
    await using taken = await listen(last.port)
    const next = await restart()
    expect(next.port).not.toBe(taken.port)
    await expectData(next)
  })

  test('survives a postmaster.pid whose process id now belongs to another program', async () => {
    // The same user's, or PostgreSQL would see for itself.
    const { uid, gid } = await stat(data)
    const other = spawn('sleep', ['60'], { uid, gid, cwd: '/' })
    await once(other, 'spawn')
    await writeFile(join(data, 'postmaster.pid'), `${other.pid}\n${data}\n1\n1\n\n127.0.0.1\n`)
    await expectData(await restart())
    expect([other.exitCode, other.signalCode]).toEqual([null, null])
    other.kill()
  })

  test('survives a postmaster.pid that a power cut left empty', async () => {
    await writeFile(join(data, 'postmaster.pid'), '')
    await expectData(await restart())
  })

  test('replaces a password that was lost', async () => {
    const file = join(dirname(data), 'password')
    const lost = await readFile(file, 'utf8')
    await rm(file)
    const running = await restart()
    expect(await readFile(file, 'utf8')).not.toBe(lost)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await expectData(running)
  })

  test('by a command ends with the command', async () => {
    const command = await attachEmbedded({ dataDir, settings })
    expect(await query(command.url, 'SELECT value FROM kept')).toHaveLength(1)
    await Promise.all([command.stop(), command.stop()])
    await expect(query(command.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED')
  })
})

describe('the binaries', () => {
  test('that lack the links of the install script run from a copy that has them', async () => {
    await using folder = await temporaryFolder()
    const native = join(folder.path, 'package', 'native')
    await cp(dirname(installedBinaries()), dirname(native), { recursive: true })
    for (const entry of await readdir(join(native, 'lib'), { withFileTypes: true })) {
      if (entry.isSymbolicLink()) await rm(join(native, 'lib', entry.name))
    }
    const home = await openHome(join(folder.path, 'data'))
    const binaries = await usableBinaries(native, home)
    expect(dirname(dirname(dirname(binaries.postgres)))).toBe(home.folder)
    expect(await usableBinaries(native, home)).toEqual(binaries)
  })

  test('that are not installed are asked for', async () => {
    await using folder = await temporaryFolder()
    const source = join(folder.path, 'embedded-binaries.ts')
    await cp(new URL('../../src/database/embedded-binaries.ts', import.meta.url), source)
    const { installedBinaries: missing } = await import(/* @vite-ignore */ source)
    expect(missing).toThrow(/npm ci --include=optional.*or set DATABASE_URL/)
  })
})

describe('a lock on a file', () => {
  test('has one holder at a time, also within a process', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'lock')
    const lock = tryLock(path)
    expect(tryLock(path)).toBeUndefined()
    expect(tryLock(path)).toBeUndefined()
    lock?.release()
    const next = tryLock(path)
    lock?.release()
    expect(next).toBeDefined()
    expect(tryLock(path)).toBeUndefined()
    next?.release()
  })
})

async function listen(port: number) {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as { port: number }
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}
