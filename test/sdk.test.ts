import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller, Outcome } from './sdk/clients/outcome.ts'
import { startWorld, type World } from './support/world.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const document = join(root, 'openapi/openapi.json')

let world: World
let folder: string

beforeAll(async () => {
  await mkdir(join(root, 'test/sdk/generated'), { recursive: true })
  folder = await mkdtemp(join(root, 'test/sdk/generated/'))
  await generateAndCompile()
  world = await startWorld()
})

afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** What a customer does: generate, write against the types, compile strictly. */
async function generateAndCompile() {
  await cp(join(root, 'test/sdk/clients'), folder, { recursive: true })
  await Promise.all([
    run('openapi-typescript', document, '--output', 'generated/openapi-typescript.ts'),
    run('openapi-ts', '--input', document, '--output', 'generated/hey-api'),
  ])
  await run('tsc')
}

/** With the compiler and the generators of `test/sdk`, and the Node of the project. */
async function run(program: string, ...options: string[]) {
  const folders = ['test/sdk/node_modules/.bin', 'node_modules/.bin'].map((bin) => join(root, bin))
  const PATH = [...folders, process.env.PATH].join(delimiter)
  try {
    await promisify(execFile)(program, options, { cwd: folder, env: { ...process.env, PATH } })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${program} failed:\n${stdout}\n${stderr}`)
  }
}

const clients = ['openapi-fetch', 'hey-api']
const prefixes = ['', '/elements/api-v2']

async function provision(client: string, prefix: string, password: string): Promise<Outcome> {
  const compiled = (await import(/* @vite-ignore */ join(folder, `js/${client}.js`))) as {
    provision(caller: Caller, password: string): Promise<Outcome>
  }
  const { url, authorization, sandbox } = world
  return compiled.provision({ url: url + prefix, authorization, sandboxUrl: sandbox.url }, password)
}

for (const client of clients) {
  test(`a client generated for ${client} reads a refusal as a typed problem`, async () => {
    const outcome = await provision(client, '', 'not-the-password')
    expect(outcome).toEqual({
      code: 'credentials-rejected',
      message: expect.stringContaining('ConnectWise'),
      requestId: expect.stringMatching(/^[0-9a-f]{24}$/),
      vendorStatus: 500,
    })
  })

  test.each(prefixes)(`a client generated for ${client} provisions under "%s"`, async (prefix) => {
    const outcome = await provision(client, prefix, 'api1')
    expect(outcome).toMatchObject({ id: expect.any(Number), state: 'verified' })
    if ('token' in outcome) expect(outcome.again).toBe(outcome.token)
  })
}
