import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { installedBinaries, usableBinaries } from './embedded-binaries.ts'
import { prepareCluster, urlOf } from './embedded-cluster.ts'
import { type Home, openHome } from './embedded-home.ts'
import { findPostmaster, stopOrphan } from './embedded-postmaster.ts'
import { EmbeddedServer, type ServerOptions } from './embedded-server.ts'
import { type FileLock, tryLock } from './file-lock.ts'

export interface EmbeddedOptions extends ServerOptions {
  dataDir: string
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

/**
 * Starts the PostgreSQL that npm brought on the cluster of `dataDir`, which is made at the first
 * start. It outlives signals to our process group, so that it ends after the drain, by `stop`; until
 * then it is started again where it ends. What a killed service left running is stopped first; a
 * second service on the same data is refused.
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
    // Of the service, not of the server, which may be started again meanwhile.
    const startedAt = { 'latchkey.started_at': new Date().toISOString() }
    const settings = { ...options.settings, ...startedAt }
    const server = new EmbeddedServer(binaries, home, { ...options, settings })
    await server.start()
    let stopping: Promise<void> | undefined
    const stop = async () => {
      await server.stop()
      lock.release()
    }
    return embedded(home, server.port, password, () => (stopping ??= stop()))
  } catch (error) {
    lock.release()
    throw error
  }
}

function embedded(home: Home, port: number, password: string, stop: () => Promise<void>) {
  return { url: urlOf(port, password), port, dataFolder: home.data, stop }
}

async function ownerOf(home: Home) {
  return await readFile(join(home.folder, 'owner'), 'utf8').catch(() => 'unknown')
}
