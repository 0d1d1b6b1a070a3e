import { execFile } from 'node:child_process'
import {
  access,
  chmod,
  constants,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rmdir,
  stat,
  symlink,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

/** The user that PostgreSQL runs as where the service runs as root, which PostgreSQL refuses. */
export interface Account {
  uid: number
  gid: number
}

/** The folder that holds all that belongs to one cluster; `data` is PostgreSQL's own. */
export interface Home {
  folder: string
  data: string
  account: Account | undefined
}

// Where only root may enter the data folder, the cluster lies here: it outlives reboots.
const shelter = '/var/lib/latchkey'

/**
 * The home of the cluster of `dataDir`, made where there is none: `<dataDir>/postgres`. Where the
 * account that PostgreSQL needs can't get there, that is a link to a folder under /var/lib/latchkey,
 * and stays one for good: data never moves because a folder's mode did.
 */
export async function openHome(dataDir: string): Promise<Home> {
  const place = join(resolve(dataDir), 'postgres')
  if (!(await exists(place))) await makeHome(place)
  const folder = await realpath(place).catch((cause) => {
    throw new Error(
      `${place} points to a database that is not there. Bring its folder back, or remove the link to begin with an empty database.`,
      { cause },
    )
  })
  const data = join(folder, 'data')
  await access(folder, constants.W_OK | constants.X_OK).catch((cause) => {
    throw new Error(`The database in ${folder} belongs to another user, who has to start it.`, {
      cause,
    })
  })
  const account = isRoot() ? await accountFor(data) : undefined
  if (account && !(await mayEnter(folder, account))) {
    throw new Error(
      `PostgreSQL refuses to run as root, and user ${account.uid}, whom it runs as instead, may not enter ${folder}. Allow that on the folders above it (chmod o+x), or start Latchkey as an ordinary user.`,
    )
  }
  return { folder, data, account }
}

async function makeHome(place: string) {
  const dataDir = dirname(place)
  const account = isRoot() ? await accountFor() : undefined
  const mode = account ? 0o711 : 0o700
  await makeFolder(dataDir, mode)
  if (!account || (await mayEnter(dataDir, account))) {
    await mkdir(place).catch(unlessExists)
    await chmod(place, mode)
    return
  }
  await makeFolder(shelter, mode)
  const folder = await mkdtemp(join(shelter, `${basename(dirname(dataDir))}-`))
  await chmod(folder, mode)
  await symlink(folder, place).catch(async (error) => {
    await rmdir(folder)
    unlessExists(error)
  })
}

/** Whatever the umask; a folder that is there keeps its mode. */
async function makeFolder(path: string, mode: number) {
  if (await mkdir(path, { recursive: true, mode })) await chmod(path, mode)
}

/** The owner of the data, where there is some, so that an account made later changes nothing. */
async function accountFor(data?: string): Promise<Account> {
  const owner = data ? await stat(data).catch(() => undefined) : undefined
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const users = await readFile('/etc/passwd', 'utf8')
  for (const name of ['postgres', 'nobody']) {
    const found = users.match(new RegExp(`^${name}:[^:]*:(-?\\d+):(-?\\d+):`, 'm'))
    if (found) return { uid: Number(found[1]), gid: Number(found[2]) }
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and /etc/passwd names neither "postgres" nor "nobody" to run it as. Start Latchkey as an ordinary user, or set DATABASE_URL.',
  )
}

/** Asks the kernel, since modes alone don't tell: there are access lists, too. */
async function mayEnter(folder: string, account: Account): Promise<boolean> {
  try {
    await promisify(execFile)('/bin/sh', ['-c', 'cd "$0"', folder], { ...account, cwd: '/' })
    return true
  } catch (error) {
    if (typeof (error as { code?: unknown }).code === 'number') return false
    throw new Error(
      `PostgreSQL refuses to run as root, and this root may not become user ${account.uid}. Start Latchkey as an ordinary user, or set DATABASE_URL.`,
      { cause: error },
    )
  }
}

function isRoot() {
  return process.getuid?.() === 0
}

async function exists(path: string) {
  return await lstat(path).then(
    () => true,
    () => false,
  )
}

function unlessExists(error: NodeJS.ErrnoException) {
  if (error.code !== 'EEXIST') throw error
}
