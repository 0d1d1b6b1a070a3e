import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Binaries, installedBinaries, usableBinaries } from './embedded-binaries.ts'
import { environment, prepareCluster, urlOf, writeSettings } from './embedded-cluster.ts'
import { type Home, openHome } from './embedded-home.ts'
import { findPostmaster, readPidFile, shutDown, stopOrphan } from './embedded-postmaster.ts'
import { type FileLock, tryLock } from './file-lock.ts'

export interface EmbeddedOptions {
  dataDir: string
  /** Settings of PostgreSQL beyond ours. */
  settings?: Record<string, string>
  /** Called with its last words when the server ends though nobody asked. */
  onExit?: (error: Error) => void
}

export interface EmbeddedPostgres {
  url: string
  port: number
  /** Where the data really lies; not always below `dataDir`. */
  dataFolder: string
  /** Ends the server if this process started it; to be called after the last query. */
  stop(): Promise<void>
}

// A service that is just ending, or a command, gets this long to let go.
const lockPatience = 3_000
const attachPatience = 60_000
const startPatience = 300_000
const attempts = 5

/**
 * Starts the PostgreSQL that npm brought on the cluster of `dataDir`, which is made at the first
 * start. It outlives signals to our process group, so that it ends after the drain, by `stop`. What
 * a killed service left running is stopped first; a second service on the same data is refused.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const home = await openHome(options.dataDir)
  const deadline = Date.now() + lockPatience
  for (;;) {
    const lock = tryLock(join(home.folder, 'lock'))
    if (lock) return await startLocked(home, lock, options)
    if (Date.now() > deadline) {
      throw new Error(
        `The database in ${home.folder} is in use by another Latchkey (process ${await ownerOf(home)}). Stop that one, or give this one a data folder of its own (LATCHKEY_DATA_DIR).`,
      )
    }
    await delay(100)
  }
}

/** For commands: uses the server of a running service, or else starts one until `stop`. */
export async function attachEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const home = await openHome(options.dataDir)
  const deadline = Date.now() + attachPatience
  for (;;) {
    const lock = tryLock(join(home.folder, 'lock'))
    if (lock) return await startLocked(home, lock, options)
    const running = await findPostmaster(home.data)
    if (running?.ready) {
      const password = await readFile(join(home.folder, 'password'), 'utf8')
      return embedded(home, running.port, password, async () => {})
    }
    if (Date.now() > deadline) {
      throw new Error(
        `Another Latchkey (process ${await ownerOf(home)}) holds the database in ${home.folder}, but it does not answer. Stop that process and try again.`,
      )
    }
    await delay(100)
  }
}

async function startLocked(
  home: Home,
  lock: FileLock,
  options: EmbeddedOptions,
): Promise<EmbeddedPostgres> {
  try {
    await writeFile(join(home.folder, 'owner'), String(process.pid))
    const binaries = await usableBinaries(installedBinaries(), home)
    await stopOrphan(binaries, home)
    const password = await prepareCluster(binaries, home, options.settings?.fsync !== 'off')
    const { server, port } = await startServer(binaries, home, options)
    let stopping: Promise<void> | undefined
    // A process that ends without `stop`, by an uncaught error, at least asks it to end.
    const abandon = () => server.kill('SIGINT')
    process.once('exit', abandon)
    server.once('exit', async () => {
      if (!stopping) options.onExit?.(await failure('PostgreSQL ended unasked', home, 0))
    })
    const stop = async () => {
      if (!hasEnded(server)) await shutDown(binaries, home)
      process.off('exit', abandon)
      lock.release()
    }
    return embedded(home, port, password, () => (stopping ??= stop()))
  } catch (error) {
    lock.release()
    throw error
  }
}

function embedded(home: Home, port: number, password: string, stop: () => Promise<void>) {
  return { url: urlOf(port, password), port, dataFolder: home.data, stop }
}

async function startServer(binaries: Binaries, home: Home, options: EmbeddedOptions) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const settings = { ...options.settings, port: String(port) }
    try {
      return { port, server: await launch(binaries, home, settings) }
    } catch (error) {
      // Someone may take the port between our look and PostgreSQL's; and what a killed service had
      // just started may appear only now, or need a moment to notice its end.
      const passing = /lock file|shared memory block|could not bind/
      if (!passing.test((error as Error).message) || attempt === attempts) throw error
      await stopOrphan(binaries, home)
      await delay(attempt * 200)
    }
  }
}

async function launch(
  binaries: Binaries,
  home: Home,
  settings: Record<string, string>,
): Promise<ChildProcess> {
  const config = await writeSettings(home, settings)
  await using log = await openLog(home)
  const { size } = await log.stat()
  const server = spawn(binaries.postgres, ['-D', home.data, '-c', `config_file=${config}`], {
    ...home.account,
    cwd: home.folder,
    env: environment,
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
    windowsHide: true,
  })
  await once(server, 'spawn')
  server.unref()
  const deadline = Date.now() + startPatience
  for (;;) {
    if (hasEnded(server)) throw await failure('PostgreSQL did not start', home, size)
    const said = await readPidFile(home.data)
    if (said?.ready && said.pid === server.pid) return server
    if (Date.now() > deadline) {
      await shutDown(binaries, home)
      throw await failure('PostgreSQL did not get ready in time', home, size)
    }
    await delay(20)
  }
}

function hasEnded(server: ChildProcess) {
  return server.exitCode !== null || server.signalCode !== null
}

const logLimit = 10 * 1024 * 1024

async function openLog(home: Home) {
  const file = logOf(home)
  const { size } = await stat(file).catch(() => ({ size: 0 }))
  if (size > logLimit) await rename(file, `${file}.1`)
  return await open(file, 'a', 0o600)
}

async function failure(what: string, home: Home, since: number): Promise<Error> {
  const log = await readFile(logOf(home))
  const lines = log.subarray(since).toString().trim().split('\n').slice(-12)
  return new Error(`${what}. The end of ${logOf(home)}:\n${lines.join('\n')}`)
}

function logOf(home: Home) {
  return join(home.folder, 'postgres.log')
}

async function ownerOf(home: Home) {
  return await readFile(join(home.folder, 'owner'), 'utf8').catch(() => 'unknown')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (!address || typeof address === 'string') throw new Error('no free port on 127.0.0.1')
  return address.port
}
