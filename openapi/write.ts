import { readFile, writeFile } from 'node:fs/promises'
import pino from 'pino'
import { buildApp } from '../src/app.ts'
import { readEnv } from '../src/config.ts'
import type { Context } from '../src/context.ts'

const file = new URL('openapi.json', import.meta.url)

/** The document that a service without a public URL answers at `/openapi.json`. */
async function describe(): Promise<string> {
  // Routes look into the context only when a request comes, and none will.
  const context = { config: readEnv({}), log: pino({ enabled: false }) } as Context
  await using app = buildApp(context)
  await app.ready()
  return `${JSON.stringify(app.swagger(), null, 2)}\n`
}

const described = await describe()
if (process.argv.includes('--check')) {
  const committed = await readFile(file, 'utf8').catch(() => undefined)
  if (committed !== described) {
    process.stderr.write(
      'openapi/openapi.json is not what the routes describe: write it anew with `npm run openapi`, and commit it.\n',
    )
    process.exitCode = 1
  }
} else {
  await writeFile(file, described)
}
