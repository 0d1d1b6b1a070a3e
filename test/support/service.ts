import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const root = new URL('../..', import.meta.url).pathname

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  out: string
  complaint: string
}

interface Run {
  child: ChildProcess
  /** What it wrote so far. */
  said: { out: string; complaint: string }
  ended: Promise<Ended>
}

interface RunOptions {
  /** The checkout. */
  cwd?: string
  args?: readonly string[]
}

type Environment = Record<string, string>

// Where compiled code is kept, if anywhere: hundreds of processes begin with the same.
const { PATH, NODE_COMPILE_CACHE } = process.env
const shared = { PATH, ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }) }

/** One of our programs as a process of its own, with these variables and none of the test's. */
export function run(script: string, env: Environment, options: RunOptions = {}): Run {
  const child = spawn(process.execPath, [join(root, script), ...(options.args ?? [])], {
    cwd: options.cwd ?? root,
    env: { ...shared, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', complaint: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said.out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said.complaint += text
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...said }))
  return { child, said, ended }
}

export interface Service extends AsyncDisposable {
  url: string
  pid: number
  /** What it wrote to standard output so far. */
  readonly out: string
  ended: Promise<Ended>
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<Ended>
}

/** The service as a process, once it listens on a port that was free. */
export async function startService(env: Environment, options: RunOptions = {}): Promise<Service> {
  const free = { PORT: '0', LATCHKEY_SANDBOX_PORT: '0', ...env }
  const { child, said, ended } = run('src/main.ts', free, options)
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  const address = /Latchkey listens on (\S+);|"address":"([^"]+)","msg":"listening"/
  while (!address.test(said.out)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the service ended: ${(await ended).complaint}`)
    }
    await delay(20)
  }
  const [, greeted, logged] = address.exec(said.out)!
  return {
    url: (greeted ?? logged)!,
    pid: child.pid!,
    get out() {
      return said.out
    },
    ended,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}

/** The first organization and user of an embedded service, as their header. */
export async function firstAccess(dataDir: string) {
  const credentials = JSON.parse(await readFile(join(dataDir, 'credentials.json'), 'utf8'))
  const { userSecret, organizationSecret } = credentials
  return { ...credentials, authorization: `User ${userSecret}, Organization ${organizationSecret}` }
}

/** Where the sandbox of an embedded service listens. */
export function sandboxOf(service: Service): { url: string } {
  return { url: /Sandbox vendor.*: (\S+)/.exec(service.out)![1]! }
}

/** The process id of the PostgreSQL of a data folder; undefined where none runs. */
export async function postgresOf(dataDir: string): Promise<number | undefined> {
  const file = join(dataDir, 'postgres', 'data', 'postmaster.pid')
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10)
  return isRunning(pid) ? pid : undefined
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
