import { randomBytes } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ConfigError, type KeyEncryptionKey, parseKeys } from '../config.ts'
import { createFile, replaceFile } from '../database/durable-file.ts'

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
 * @throws {ConfigError} for a file that holds anything else, or that others than its owner may read
 */
export async function readKeysFile(path: string): Promise<KeyEncryptionKey[] | undefined> {
  try {
    await using file = await open(path)
    const { mode } = await file.stat()
    // Refused as PostgreSQL refuses its data folder: a warning would be read by nobody, while the
    // keys of all secrets lie open.
    if ((mode & 0o077) !== 0) {
      throw new ConfigError(
        `others than its owner may read or change it. Run \`chmod 600 ${path}\`, and turn the keys (\`npm run keys -- rotate\`) if someone may have.`,
      )
    }
    return parseKeys(await file.readFile('utf8'))
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
  await createFile(path, textOf([createKey()]))
  return (await readKeysFile(path))!
}

/** Replaces the file; a kill or a power cut leaves the old or the new one, whole. */
export async function writeKeysFile(path: string, keys: readonly KeyEncryptionKey[]) {
  await replaceFile(path, textOf(keys))
}

function textOf(keys: readonly KeyEncryptionKey[]): string {
  return keys.map((key) => `${formatKey(key)}\n`).join('')
}
