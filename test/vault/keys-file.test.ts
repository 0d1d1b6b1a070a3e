import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/config.ts'
import {
  createKey,
  formatKey,
  readKeysFile,
  readOrCreateKeysFile,
  writeKeysFile,
} from '../../src/vault/keys-file.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('the keys file', () => {
  test('that holds anything but keys is refused, named, and left as it is', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'keys')
    const key = formatKey(createKey())
    for (const text of ['', '\n', 'k-1', 'k-1:c2hvcnQ=', `${key}\n${key}\n`]) {
      await writeFile(path, text, { mode: 0o600 })
      await expect(readKeysFile(path)).rejects.toThrow(ConfigError)
      await expect(readOrCreateKeysFile(path)).rejects.toThrow(path)
      expect(await readFile(path, 'utf8')).toBe(text)
    }
  })

  test('that others may read or change is refused, with what to do', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'keys')
    await readOrCreateKeysFile(path)
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(path, mode)
      await expect(readKeysFile(path)).rejects.toThrow(ConfigError)
      await expect(readOrCreateKeysFile(path)).rejects.toThrow(`Run \`chmod 600 ${path}\``)
    }
  })

  test('is made once, with one key, by many that ask at the same time', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'not', 'yet', 'keys')
    const asked = await Promise.all(Array.from({ length: 10 }, () => readOrCreateKeysFile(path)))
    expect(new Set(asked.map((keys) => keys.map(formatKey).join()))).toHaveLength(1)
    expect(asked[0]).toHaveLength(1)
    expect(await readdir(join(folder.path, 'not', 'yet'))).toEqual(['keys'])
    expect(await readOrCreateKeysFile(path)).toEqual(asked[0])
  })

  test('can be read by its owner only, also after it was written anew', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'keys')
    const keys = await readOrCreateKeysFile(path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    await chmod(path, 0o644)
    await writeKeysFile(path, [createKey(), ...keys])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder.path)).toEqual(['keys'])
  })

  test('keeps its keys and their order', async () => {
    await using folder = await temporaryFolder()
    const path = join(folder.path, 'keys')
    expect(await readKeysFile(path)).toBeUndefined()
    const keys = [createKey(), createKey(), createKey()]
    await writeKeysFile(path, keys)
    expect(await readKeysFile(path)).toEqual(keys)
    expect(keys[0]!.id).toMatch(/^k-\d{8}-[0-9a-f]{4}$/)
  })
})
