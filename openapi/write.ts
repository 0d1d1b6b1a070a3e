import { readFile, writeFile } from 'node:fs/promises'
import pino from 'pino'
import { buildApp } from '../src/app.ts'
import { readEnv } from '../src/config.ts'
import type { Context } from '../src/context.ts'
import { editorSchema } from '../src/elements/editor-schema.ts'

/** The document that a service without a public URL answers at `/openapi.json`. */
async function describe(): Promise<object> {
  // Routes look into the context only when a request comes, and none will.
  const context = { config: readEnv({}), log: pino({ enabled: false }) } as Context
  await using app = buildApp(context)
  await app.ready()
  return app.swagger()
}

const documents = {
  'openapi.json': await describe(),
  'element.schema.json': editorSchema,
}

for (const [name, document] of Object.entries(documents)) {
  const file = new URL(name, import.meta.url)
  const described = `${JSON.stringify(document, null, 2)}\n`
  if (!process.argv.includes('--check')) await writeFile(file, described)
  else if ((await readFile(file, 'utf8').catch(() => undefined)) !== described) {
    process.stderr.write(
      `openapi/${name} is not what the code describes: write it anew with \`npm run openapi\`, and commit it.\n`,
    )
    process.exitCode = 1
  }
}
