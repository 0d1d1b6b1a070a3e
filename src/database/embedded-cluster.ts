import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { replaceFile, syncFolder } from './durable-file.ts'
import type { Binaries } from './embedded-binaries.ts'
import type { Home } from './embedded-home.ts'

/** The role and the database of the service. The superuser has no way in over the network. */
const name = 'latchkey'

const unfinishedPrefix = 'unfinished-'

/** Environment of every PostgreSQL process: no `PG…` variable, no secret, no machine's locale. */
export const environment = { LC_ALL: 'C', TZ: 'UTC' }

/**
 * Makes the cluster of `home` where there is none, and answers the password of its role. The
 * cluster appears under its name only when it is complete, so that a kill leaves none or all of it.
 * @throws where the cluster is of another major version
 */
export async function prepareCluster(
  binaries: Binaries,
  home: Home,
  durable: boolean,
): Promise<string> {
  await removeUnfinished(home)
  const passwordFile = join(home.folder, 'password')
  if (!existsSync(home.data)) {
    return await createCluster(binaries, home, passwordFile, durable)
  }
  const version = (await readFile(join(home.data, 'PG_VERSION'), 'utf8')).trim()
  if (version !== binaries.major) {
    throw new Error(
      `The database in ${home.data} was made by PostgreSQL ${version}, and this Latchkey brings ${binaries.major}, which can't read it. Start the release that made it, take a dump, and restore that into an empty data folder; or set DATABASE_URL.`,
    )
  }
  if (existsSync(passwordFile)) return await readFile(passwordFile, 'utf8')
  return await setPassword(binaries, home, home.data, passwordFile, [`ALTER ROLE ${name}`])
}

async function createCluster(
  binaries: Binaries,
  home: Home,
  passwordFile: string,
  durable: boolean,
): Promise<string> {
  const unfinished = await mkdtemp(join(home.folder, unfinishedPrefix))
  if (home.account) await chown(unfinished, home.account.uid, home.account.gid)
  await run(binaries.initdb, home, [
    `--pgdata=${unfinished}`,
    '--username=postgres',
    '--auth=reject',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ])
  const password = await setPassword(binaries, home, unfinished, passwordFile, [
    `CREATE ROLE ${name} LOGIN CREATEDB`,
    `CREATE DATABASE ${name} OWNER ${name}`,
  ])
  await rename(unfinished, home.data)
  if (durable) await syncFolder(home.folder)
  return password
}

async function removeUnfinished(home: Home) {
  for (const entry of await readdir(home.folder)) {
    if (!entry.startsWith(unfinishedPrefix)) continue
    // The initdb of a killed service may still be at work there: the next start removes the rest.
    await rm(join(home.folder, entry), { recursive: true }).catch(() => {})
  }
}

/** Without a server: only PostgreSQL's own user can do this, and nobody else can connect meanwhile. */
async function setPassword(
  binaries: Binaries,
  home: Home,
  data: string,
  passwordFile: string,
  [role, ...statements]: string[],
): Promise<string> {
  const password = randomBytes(32).toString('base64url')
  await run(
    binaries.postgres,
    home,
    ['--single', '-D', data, '-c', 'exit_on_error=on', 'postgres'],
    [`${role} PASSWORD '${password}'`, ...statements, ''].join('\n'),
  )
  await replaceFile(passwordFile, password)
  return password
}

/**
 * Writes what the server reads at its start. It lies outside of PostgreSQL's own folder, where the
 * service, as root, could be led astray by a link.
 */
export async function writeSettings(home: Home, settings: Record<string, string>) {
  const access = join(home.folder, 'pg_hba.conf')
  const lines = Object.entries({
    shared_buffers: '64MB',
    io_method: 'sync',
    default_text_search_config: 'pg_catalog.english',
    ...settings,
    timezone: 'UTC',
    log_timezone: 'UTC',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    hba_file: access,
  }).map(([key, value]) => `${key} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`)
  await writeReadable(access, `host all ${name} 127.0.0.1/32 scram-sha-256\n`)
  const file = join(home.folder, 'postgresql.conf')
  await writeReadable(file, lines.join(''))
  return file
}

/** What the service connects to, as its role. */
export function urlOf(port: number, password: string): string {
  return `postgres://${name}:${password}@127.0.0.1:${port}/${name}`
}

/** Runs one of PostgreSQL's programs; an error carries what it said. */
export async function run(program: string, home: Home, args: string[], input = '') {
  const running = promisify(execFile)(program, args, {
    ...home.account,
    cwd: home.folder,
    env: environment,
  })
  // One that reads nothing may have closed it; what went wrong with it is told by how it ends.
  running.child.stdin?.on('error', () => {}).end(input)
  await running.catch((cause) => {
    throw new Error(`PostgreSQL: ${`${cause.stderr}\n${cause.stdout}`.trim() || cause.message}`, {
      cause,
    })
  })
}

async function writeReadable(file: string, text: string) {
  await writeFile(file, text)
  await chmod(file, 0o644)
}
