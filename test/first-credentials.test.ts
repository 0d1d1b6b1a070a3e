import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readOrCreateCredentials, sandboxLogin } from '../src/first-credentials.ts'
import { temporaryFolder } from './support/folder.ts'
import { startWorld, type World } from './support/world.ts'

const login = { id: 'api2', password: 'of the sandbox' }
let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

async function firstStart() {
  const folder = await temporaryFolder()
  const context = { ...world.context, config: { ...world.context.config, dataDir: folder.path } }
  const path = join(folder.path, 'credentials.json')
  return { ...folder, context, path }
}

test('what an unfinished start left does not open the first secrets to others', async () => {
  await using start = await firstStart()
  await writeFile(`${start.path}.new`, '', { mode: 0o644 })
  const made = await readOrCreateCredentials(start.context, login)
  expect(JSON.parse(await readFile(start.path, 'utf8'))).toEqual(made)
  expect((await stat(start.path)).mode & 0o777).toBe(0o600)
  expect((await readdir(start.path.replace(/[^/]*$/, ''))).sort()).toEqual([
    'credentials.json',
    'credentials.json.new',
  ])
  expect(await readOrCreateCredentials(start.context, login)).toEqual(made)
})

test.each(['', '{ "userSecret": ', '[]', 'null', '{ "userSecret": "lku_1" }'])(
  'credentials.json that holds %j is named, with what to do, and left as it is',
  async (text) => {
    await using start = await firstStart()
    await writeFile(start.path, text)
    for (const read of [
      () => sandboxLogin(start.context.config),
      () => readOrCreateCredentials(start.context, login),
    ]) {
      await expect(read()).rejects.toThrow(
        `${start.path} is not what Latchkey wrote there. Bring it back from a backup, or remove it`,
      )
    }
    expect(await readFile(start.path, 'utf8')).toBe(text)
  },
)
