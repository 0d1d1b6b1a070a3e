import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { type EmbeddedPostgres, startEmbedded } from '../../src/database/embedded.ts'
import { installedBinaries, usableBinaries } from '../../src/database/embedded-binaries.ts'
import { openHome } from '../../src/database/embedded-home.ts'
import { stopOrphan } from '../../src/database/embedded-postmaster.ts'
import { tryLock } from '../../src/database/file-lock.ts'
import { migrate } from '../../src/database/migrate.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The maintenance database of the cluster that all test files share. */
    postgresUrl: string
    /** The migrated database that theirs are cloned from; nothing can connect to it. */
    templateDatabase: string
  }
}

const prefix = 'latchkey-test-'
const settings = {
  max_connections: '300',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
}

let running: { postgres: EmbeddedPostgres; dataDir: string } | undefined

export async function setup(project: TestProject) {
  await removeLeftovers()
  const dataDir = await mkdtemp(join(tmpdir(), prefix))
  await chmod(dataDir, 0o711)
  const postgres = await startEmbedded({ dataDir, settings })
  running = { postgres, dataDir }
  const templateDatabase = new URL(postgres.url).pathname.slice(1)
  const postgresUrl = new URL('/postgres', postgres.url).href
  try {
    await migrate(postgres.url)
    await closeToConnections(postgresUrl, templateDatabase)
  } catch (error) {
    await teardown()
    throw error
  }
  project.provide('postgresUrl', postgresUrl)
  project.provide('templateDatabase', templateDatabase)
}

/** A database that someone is connected to can't be cloned. */
async function closeToConnections(postgresUrl: string, database: string) {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  await client.query(`ALTER DATABASE ${database} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false`)
  await client.end()
}

export async function teardown() {
  await running?.postgres.stop()
  if (running) await rm(running.dataDir, { recursive: true })
}

/** What runs that were killed left behind. A run that is on holds its lock, or is very young. */
async function removeLeftovers() {
  const folders = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix))
  for (const dataDir of folders.map((name) => join(tmpdir(), name))) {
    try {
      if (Date.now() - (await stat(dataDir)).mtimeMs < 60_000) continue
      const home = await openHome(dataDir)
      const lock = tryLock(join(home.folder, 'lock'))
      if (!lock) continue
      await stopOrphan(await usableBinaries(installedBinaries(), home), home)
      lock.release()
      await rm(dataDir, { recursive: true })
    } catch {
      // Another user's, or another run is removing it: no reason to keep this run from its tests.
    }
  }
}
