import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError, type KeyEncryptionKey, parseKeys } from '../config.ts'

/** A random key of 32 bytes, with an id of the day: `k-20261122-9f3c`. */
export function createKey(): KeyEncryptionKey {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '')
  return { id: `k-${day}-${randomBytes(2).toString('hex')}`, key: randomBytes(32) }
}

/** `id:base64`, as `parseKeys` reads it. */
export function formatKey({ id, key }: KeyEncryptionKey): string {
  return `${id}:${key.toString('base64')}`
}

/**
 * The keys in the file at `path`, one a line, the first one active; undefined without a file.
 * @throws {ConfigError} for a file that holds anything else
 */
export async function readKeysFile(path: string): Promise<KeyEncryptionKey[] | undefined> {
  try {
    return parseKeys(await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (error instanceof ConfigError) throw new ConfigError(`${path}: ${error.message}`)
    throw error
  }
}

/** As `readKeysFile`; the first of several processes that find no file makes it, with one key. */
export async function readOrCreateKeysFile(path: string): Promise<KeyEncryptionKey[]> {
  const found = await readKeysFile(path)
  if (found) return found
  await mkdir(dirname(path), { recursive: true, mode: 0o711 })
  const unfinished = await writeBeside(path, [createKey()])
  try {
    await link(unfinished, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(unfinished)
  }
  await syncFolder(dirname(path))
  return (await readKeysFile(path))!
}

/** Replaces the file; a kill or a power cut leaves the old or the new one, whole. */
export async function writeKeysFile(path: string, keys: readonly KeyEncryptionKey[]) {
  await rename(await writeBeside(path, keys), path)
  await syncFolder(dirname(path))
}

async function writeBeside(path: string, keys: readonly KeyEncryptionKey[]): Promise<string> {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}`
  await using file = await open(unfinished, 'wx', 0o600)
  await file.writeFile(keys.map((key) => `${formatKey(key)}\n`).join(''))
  await file.sync()
  return unfinished
}

/** Windows has no such call, and needs none. */
async function syncFolder(folder: string) {
  if (process.platform === 'win32') return
  await using handle = await open(folder)
  await handle.sync()
}
