import { execFile } from 'node:child_process'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Binaries } from './embedded-binaries.ts'
import { run } from './embedded-cluster.ts'
import type { Home } from './embedded-home.ts'

/** What PostgreSQL says of itself in `postmaster.pid`. */
export interface Postmaster {
  pid: number
  port: number
  ready: boolean
}

/** The server that runs on this data, whoever started it. A recycled process id is not taken for it. */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const found = await readPidFile(data)
  return found && isAlive(found.pid) && (await runsOn(data, found.pid)) ? found : undefined
}

/**
 * Stops the server that a killed service left behind, and removes what a crash of the machine left
 * of `postmaster.pid`. Only for the holder of the home's lock: no other service can be using it.
 */
export async function stopOrphan(binaries: Binaries, home: Home) {
  if (await findPostmaster(home.data)) return await shutDown(binaries, home)
  const stale = await readPidFile(home.data)
  // PostgreSQL itself copes with a dead process, and then looks for its surviving children.
  if (stale && (stale.pid === 0 || isAlive(stale.pid))) await rm(join(home.data, 'postmaster.pid'))
}

/** Ends open transactions and writes a checkpoint; where that takes too long, leaves it to recovery. */
export async function shutDown(binaries: Binaries, home: Home) {
  const modes = { fast: 15, immediate: 15 }
  let failure: unknown
  for (const [mode, seconds] of Object.entries(modes)) {
    try {
      const args = ['stop', `--pgdata=${home.data}`, `--mode=${mode}`, `--timeout=${seconds}`]
      return await run(binaries.pgCtl, home, args)
    } catch (error) {
      if (!(await findPostmaster(home.data))) return
      failure = error
    }
  }
  throw failure
}

/** What stands in `postmaster.pid`, be it true or not; undefined without the file. */
export async function readPidFile(data: string): Promise<Postmaster | undefined> {
  try {
    const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n')
    return {
      // Negative without a server; nothing at all after a power cut.
      pid: Math.abs(Number.parseInt(lines[0] ?? '', 10)) || 0,
      port: Number(lines[3]),
      ready: lines[7]?.trim() === 'ready',
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Another user's process is none of ours. */
function isAlive(pid: number) {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A server's working directory is its data, also where the folder was moved meanwhile. */
async function runsOn(data: string, pid: number): Promise<boolean> {
  if (process.platform === 'linux') {
    const [here, there] = await Promise.all([
      stat(data),
      stat(`/proc/${pid}/cwd`).catch(() => undefined),
    ])
    return here.ino === there?.ino && here.dev === there.dev
  }
  const command = await commandOf(pid)
  if (command.includes(data)) return true
  if (!/postgres\b/.test(command)) return false
  throw new Error(
    `Process ${pid} is a PostgreSQL server, and may be using ${data}. Stop it; or, if it does not use that folder, remove postmaster.pid from there.`,
  )
}

async function commandOf(pid: number): Promise<string> {
  const ps = promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])
  return await ps.then(
    ({ stdout }) => stdout,
    () => '',
  )
}
