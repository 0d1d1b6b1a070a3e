import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startEmbedded } from '../../src/database/embedded.ts'
import { migrate } from '../../src/database/migrate.ts'
import type { Answer } from '../support/client.ts'
import { temporaryFolder } from '../support/folder.ts'
import { findTraces, type Secrets } from '../support/traces.ts'
import { startWorld } from '../support/world.ts'
import { marker, sendSecrets } from './secrecy-requests.ts'

// It logs every statement with its parameters, as an operator may well have it do.
const settings = { fsync: 'off', log_statement: 'all', log_min_duration_statement: '0' }
const sealedColumns = { secrets: 'sealed', idempotency_claims: 'sealed' }
const wrappedColumns = { data_keys: 'wrapped', peppers: 'wrapped' }

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let home: string
let firstRequestAt: number
let answers: Answer[]
let log: string[]
let tables: Map<string, string[]>
const sealed: Record<string, string[]> = {}
const secrets: Secrets = {}

beforeAll(async () => {
  folder = await temporaryFolder()
  const postgres = await startEmbedded({ dataDir: folder.path, settings })
  home = dirname(postgres.dataFolder)
  await migrate(postgres.url)
  {
    await using world = await startWorld({
      databaseUrl: postgres.url,
      env: { LOG_LEVEL: 'trace' },
    })
    secrets['key-encryption key'] = world.keys.split(':')[1]!
    firstRequestAt = Date.now()
    answers = await sendSecrets(world, secrets)
    log = world.log
  }
  tables = await dump(postgres.url)
  // With a checkpoint: what is in memory goes to the disk.
  await postgres.stop()
})
afterAll(() => folder[Symbol.asyncDispose]())

async function dump(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const rows = async (text: string) => (await client.query(text)).rows.map((row) => row.text)
  const names = await rows(
    `select relname as text from pg_class
     where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  )
  const found = new Map<string, string[]>()
  for (const name of names) found.set(name, await rows(`select t::text as text from ${name} t`))
  for (const [name, column] of Object.entries({ ...sealedColumns, ...wrappedColumns })) {
    sealed[name] = await rows(`select ${column} as text from ${name} where ${column} is not null`)
  }
  await client.end()
  return found
}

test('the search finds a secret in every form that it may take', () => {
  const secret = `${marker}&"<'>/%+\\ :é`
  const bytes = Buffer.from(secret)
  for (const form of [
    JSON.stringify(JSON.stringify(secret)),
    encodeURIComponent(secret),
    bytes.toString('hex'),
    bytes.toString('base64url'),
    ...['', 'a:', 'ab:'].map((user) => Buffer.from(user + secret).toString('base64')),
    [...secret].map((character) => `&#${character.codePointAt(0)};`).join(''),
  ]) {
    expect(findTraces(`before ${form} behind`, { secret }), form).toHaveLength(1)
  }
})

test('the requests were answered as good and bad ones are', () => {
  const statuses = Object.groupBy(answers, ({ status }) => status)
  expect(statuses[200]!.length).toBeGreaterThan(8)
  expect(statuses[400]!.length).toBeGreaterThan(20)
  for (const status of [401, 404, 415, 422, 502])
    expect(statuses[status], `${status}`).toBeDefined()
  expect(statuses[500]).toBeUndefined()
})

test('no row of any table holds a secret', () => {
  expect(findTraces(tables.get('instances')!.join('\n'), { marker })).toHaveLength(1)
  for (const [name, rows] of tables) {
    expect(findTraces(rows.join('\n'), secrets), `table ${name}`).toEqual([])
  }
})

test('everything that is sealed stands in an envelope', () => {
  for (const [name, texts] of Object.entries(sealed)) {
    expect(texts.length, name).toBeGreaterThan(0)
    for (const text of texts) expect(text).toMatch(/^e1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{80,}$/)
  }
})

test('no file of the database holds a secret, the write-ahead log included', async () => {
  const data = join(home, 'data')
  const entries = await readdir(data, { recursive: true, withFileTypes: true })
  const holders: string[] = []
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = join(entry.parentPath, entry.name)
    // What nobody wrote to since holds nothing of ours.
    if ((await stat(file)).mtimeMs < firstRequestAt - 1_000) continue
    const whole = await readFile(file)
    // A segment of the write-ahead log is mostly empty.
    const bytes = whole.subarray(0, whole.findLastIndex((byte) => byte !== 0) + 1)
    if (bytes.includes(marker)) holders.push(file.slice(data.length + 1).split('/')[0]!)
    expect(findTraces(bytes, secrets), file).toEqual([])
  }
  expect(new Set(holders)).toEqual(new Set(['base', 'pg_wal']))
})

test('the log of PostgreSQL holds no secret, though it holds every statement', async () => {
  const text = await readFile(join(home, 'postgres.log'))
  expect(findTraces(text, { marker })).toHaveLength(1)
  expect(text.includes('insert into idempotency_claims')).toBe(true)
  expect(findTraces(text, secrets)).toEqual([])
})

test('the log of the service holds no secret at its most talkative', () => {
  const text = log.join('\n')
  const known = answers.filter(({ body }) => body !== undefined)
  for (const { headers } of known) expect(text).toContain(headers['elements-request-id'])
  expect(findTraces(text, secrets)).toEqual([])
})

test('no answer holds a secret but the token of the instance that it shows', () => {
  for (const { status, text, headers } of answers) {
    const without = status === 200 ? text.replace(/"token":"lki_\w+"/, '') : text
    const traces = findTraces(`${JSON.stringify(headers)}\n${without}`, secrets)
    expect(traces, `${status} ${text.slice(0, 200)}`).toEqual([])
  }
})
