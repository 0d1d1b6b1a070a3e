import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, rename, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Binaries } from './embedded-binaries.ts'
import { environment, writeSettings } from './embedded-cluster.ts'
import type { Home } from './embedded-home.ts'
import { readPidFile, shutDown, stopOrphan } from './embedded-postmaster.ts'

export interface ServerOptions {
  /** Settings of PostgreSQL beyond ours. */
  settings?: Record<string, string>
  /** Called with its last words when the server ends though nobody asked; it is started again. */
  onExit?: (error: Error) => void
  /** Called when it ended unasked and can't be started again. */
  onLost?: (error: Error) => void
}

const startPatience = 300_000
const attempts = 5
/** Before each start after an end that nobody asked for; after the last of them it is lost. */
const pauses = [0, 1_000, 2_000, 5_000, 10_000]
/** A server that ran for so long gets all of the pauses anew. */
const steadyMs = 60_000

/**
 * PostgreSQL as a process of ours, for the holder of the home's lock. Where it ends unasked it is
 * started again on the same port, so that pools of connections find it.
 */
export class EmbeddedServer {
  readonly #binaries: Binaries
  readonly #home: Home
  readonly #options: ServerOptions
  readonly #stopping = new AbortController()
  // A process that ends without `stop`, by an uncaught error, at least asks it to end.
  readonly #abandon = () => this.#process?.kill('SIGINT')
  #process: ChildProcess | undefined
  #port = 0
  #recoveries = 0
  #recovering: Promise<void> | undefined

  constructor(binaries: Binaries, home: Home, options: ServerOptions) {
    this.#binaries = binaries
    this.#home = home
    this.#options = options
  }

  get port(): number {
    return this.#port
  }

  /** Starts it on a port that is free. */
  async start(): Promise<void> {
    await this.#launch(freePort)
    process.once('exit', this.#abandon)
  }

  /** Ends it, also where it is just being started again. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#recovering
    if (this.#process && !hasEnded(this.#process)) {
      await shutDown(this.#binaries, this.#home)
      await ended(this.#process)
    }
    process.off('exit', this.#abandon)
  }

  async #launch(choosePort: () => number | Promise<number>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const port = await choosePort()
      const settings = { ...this.#options.settings, port: String(port) }
      try {
        const server = await launch(this.#binaries, this.#home, settings)
        const began = performance.now()
        server.once('exit', () => {
          if (!this.#stopping.signal.aborted) this.#recovering = this.#recover(began)
        })
        this.#process = server
        this.#port = port
        return
      } catch (error) {
        // Someone may take the port between our look and PostgreSQL's; and what a killed service
        // had just started may appear only now, or need a moment to notice its end.
        const passing = /lock file|shared memory block|could not bind/
        if (!passing.test((error as Error).message) || attempt === attempts) throw error
        await stopOrphan(this.#binaries, this.#home)
        await delay(attempt * 200)
      }
    }
  }

  async #recover(began: number): Promise<void> {
    if (performance.now() - began > steadyMs) this.#recoveries = 0
    let error = await failure('PostgreSQL ended unasked', this.#home, 0)
    this.#options.onExit?.(error)
    for (;;) {
      const pause = pauses[this.#recoveries++]
      if (pause === undefined) return this.#options.onLost?.(error)
      try {
        await delay(pause, undefined, { signal: this.#stopping.signal })
      } catch {
        return
      }
      try {
        return await this.#launch(() => this.#port)
      } catch (reason) {
        error = reason as Error
      }
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

/** `pg_ctl` is content when `postmaster.pid` is gone, a moment before the process is. */
async function ended(server: ChildProcess) {
  server.ref()
  if (!hasEnded(server)) await once(server, 'exit')
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (!address || typeof address === 'string') throw new Error('no free port on 127.0.0.1')
  return address.port
}
