import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import manifest from '../package.json' with { type: 'json' }
import { createOrganization } from '../src/access/organization.ts'
import { openDatabase } from '../src/database/database.ts'
import { startEmbedded } from '../src/database/embedded.ts'
import { migrate } from '../src/database/migrate.ts'
import { Keyring } from '../src/vault/keyring.ts'
import { Vault } from '../src/vault/vault.ts'
import { type Caller, createFloorTables } from './floor-tables.ts'
import type { LoadOrder, LoadResult } from './load.ts'

/** A server under measurement, in a process of its own. */
export interface Measured {
  url: string
  pid: number
}

/** Everything that runs during a benchmark, each in a process of its own, on loopback. */
export interface Stage extends AsyncDisposable {
  service: Measured
  floor: Measured
  vendor: Measured
  /** The process whose children serve the connections. */
  postgres: number
  caller: Caller
  load(order: LoadOrder): Promise<LoadResult>
}

const startPatience = 30_000

/** @param nodeOptions for the service's process, such as those that profile it */
export async function setStage(nodeOptions: readonly string[] = []): Promise<Stage> {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  resources.defer(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o711)
  const database = await startEmbedded({ dataDir: folder })
  resources.defer(() => database.stop())
  const keys = [{ id: 'bench', key: randomBytes(32) }]
  const caller = await createCaller(database.url, keys)
  const floorUrl = await createFloorTables(database.url, caller)

  const vendor = await help(resources, new URL('./vendor.ts', import.meta.url))
  const floor = await help(resources, new URL('./floor.ts', import.meta.url), [
    floorUrl,
    vendor.url,
  ])
  const { child } = await help(resources, new URL('./load.ts', import.meta.url))
  const service = await startService(resources, nodeOptions, {
    DATABASE_URL: database.url,
    LATCHKEY_KEYS: keys.map(({ id, key }) => `${id}:${key.toString('base64')}`).join(),
    LATCHKEY_EGRESS_ALLOW: new URL(vendor.url).host,
  })
  const pidFile = await readFile(join(database.dataFolder, 'postmaster.pid'), 'utf8')
  const stage = resources.move()
  return {
    service,
    floor,
    vendor,
    postgres: Number.parseInt(pidFile, 10),
    caller,
    load: (order) => {
      child.send(order)
      return nextMessage<LoadResult>(child)
    },
    [Symbol.asyncDispose]: () => stage.disposeAsync(),
  }
}

export async function createCaller(
  url: string,
  keys: ConstructorParameters<typeof Keyring>[0],
  email = 'bench@localhost',
): Promise<Caller> {
  await migrate(url)
  await using db = openDatabase({ url, onError: () => {}, maxConnections: 1 })
  const vault = await Vault.open(db, new Keyring(keys))
  return await createOrganization({ db, vault }, { name: 'Bench', email })
}

/** Runs a file in a process that tells its address first. */
export async function help(resources: AsyncDisposableStack, file: URL, args: string[] = []) {
  const child = fork(file, args)
  resources.defer(() => end(child))
  return { child, pid: child.pid!, url: await nextMessage<string>(child) }
}

const startCommand = /^UV_THREADPOOL_SIZE=(\d+) exec node (.+) src\/main\.ts$/

/** As `npm start` does, but that nobody reads its log. */
export async function startService(
  resources: AsyncDisposableStack,
  nodeOptions: readonly string[],
  settings: Record<string, string>,
): Promise<Measured & { child: ChildProcess }> {
  const port = await freePort()
  const [, threads, options] = startCommand.exec(manifest.scripts.start)!
  const env = { PATH: process.env.PATH, UV_THREADPOOL_SIZE: threads, NODE_ENV: 'production' }
  const child = fork(new URL('../src/main.ts', import.meta.url), {
    execArgv: [...options!.split(' '), ...nodeOptions],
    env: { ...env, PORT: String(port), ...settings },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  resources.defer(() => end(child))
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + startPatience
  while (!(await fetch(`${url}/ready`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error('the service did not start')
    }
    await delay(50)
  }
  return { url, pid: child.pid!, child }
}

export async function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  const ended = new AbortController()
  const onExit = () => ended.abort(new Error('a process of the benchmark ended unasked'))
  child.once('exit', onExit)
  try {
    const [message] = await once(child, 'message', { signal: ended.signal })
    return message as Message
  } catch (error) {
    throw ended.signal.reason ?? error
  } finally {
    child.off('exit', onExit)
  }
}

async function end(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (!address || typeof address === 'string') throw new Error('no free port on 127.0.0.1')
  return address.port
}
