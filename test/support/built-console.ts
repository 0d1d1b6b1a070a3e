import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Builds the console before tests look at it, where its sources changed. */
export async function setup() {
  const build = fileURLToPath(new URL('../../web/build.ts', import.meta.url))
  await promisify(execFile)(process.execPath, [build])
}
