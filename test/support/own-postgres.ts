import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { installedBinaries, usableBinaries } from '../../src/database/embedded-binaries.ts'
import { prepareCluster, run, urlOf, writeSettings } from '../../src/database/embedded-cluster.ts'
import { openHome } from '../../src/database/embedded-home.ts'
import { temporaryFolder } from './folder.ts'

/** A PostgreSQL that a test may do harm to. */
export interface OwnPostgres extends AsyncDisposable {
  url: string
  /** As a power cut does it to all who are connected. */
  stop(): Promise<void>
  start(): Promise<void>
  /** All of its processes stand still, and nobody is told. */
  freeze(): Promise<void>
  thaw(): void
}

export async function startOwnPostgres(): Promise<OwnPostgres> {
  await using resources = new AsyncDisposableStack()
  const { path } = resources.use(await temporaryFolder())
  const home = await openHome(path)
  const binaries = await usableBinaries(installedBinaries(), home)
  const password = await prepareCluster(binaries, home, false)
  const port = await freePort()
  const settings = { port: String(port), fsync: 'off', max_connections: '200' }
  const config = await writeSettings(home, settings)
  const control = (...args: string[]) =>
    run(binaries.pgCtl, home, [...args, `--pgdata=${home.data}`, '--wait'])
  const log = `--log=${join(home.data, 'log')}`
  const start = () => control('start', log, `--options=-c config_file=${config}`)
  await start()
  let frozen: number[] = []
  const thaw = () => {
    for (const pid of frozen) signal(pid, 'SIGCONT')
    frozen = []
  }
  resources.defer(async () => {
    thaw()
    // It may be stopped already.
    await control('stop', '--mode=immediate').catch(() => {})
  })
  const owned = resources.move()
  return {
    url: urlOf(port, password),
    start,
    stop: () => control('stop', '--mode=immediate'),
    async freeze() {
      const text = await readFile(join(home.data, 'postmaster.pid'), 'utf8')
      const postmaster = Number.parseInt(text, 10)
      // First the one that starts others.
      signal(postmaster, 'SIGSTOP')
      const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8')
      frozen = [postmaster, ...children.trim().split(' ').map(Number)]
      for (const pid of frozen) signal(pid, 'SIGSTOP')
    },
    thaw,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** To one that may have ended meanwhile. */
function signal(pid: number, name: NodeJS.Signals) {
  try {
    process.kill(pid, name)
  } catch {}
}

async function freePort(): Promise<number> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<number>()
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resolve(port))
  })
  return promise
}
