import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { describeEnvironment, variables } from '../src/config.ts'

const read = (name: string) => readFile(new URL(`../${name}`, import.meta.url), 'utf8')

test('the README lists the environment as the service reads it', async () => {
  expect(await read('README.md')).toContain(describeEnvironment())
})

test('.env.example shows every variable, commented out', async () => {
  const lines = (await read('.env.example')).split('\n')
  const set = lines.filter((line) => line !== '' && !line.startsWith('#'))
  const shown = lines.flatMap((line) => /^#([A-Z_]+)=/.exec(line)?.[1] ?? [])
  const names = variables.flatMap((variable) =>
    'secret' in variable ? [variable.name, `${variable.name}_FILE`] : [variable.name],
  )
  expect(set).toEqual([])
  expect(shown.toSorted()).toEqual([...names, 'POSTGRES_PASSWORD'].toSorted())
})

test('docker compose passes on every variable that a service with DATABASE_URL reads', async () => {
  const compose = await read('docker-compose.yml')
  const elsewhere = ['HOST', 'PORT', 'LATCHKEY_DATA_DIR', 'LATCHKEY_SANDBOX_PORT']
  for (const { name } of variables) {
    if (!elsewhere.includes(name)) expect(compose).toContain(`\n      ${name}: `)
  }
  expect(compose).toMatch(/LATCHKEY_KEYS: '\$\{LATCHKEY_KEYS:\?/)
})

test('the image starts the service as npm does', async () => {
  const command = /^CMD (.*)$/m.exec(await read('Dockerfile'))![1]!
  const threads = /UV_THREADPOOL_SIZE=\d+/.exec(await read('Dockerfile'))![0]
  expect(manifest.scripts.start).toBe(`${threads} exec ${JSON.parse(command).join(' ')}`)
})

test('the image runs the Node that the tests ran on', async () => {
  const images = (await read('Dockerfile')).matchAll(/^FROM node:([\d.]+)-\S*slim\b/gm)
  const version = manifest.devDependencies.node
  expect([...images].map(([, tag]) => tag)).toEqual([version, version, version])
  expect(process.version).toBe(`v${version}`)
})
