import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import pino from 'pino'
import { buildApp } from '../src/app.ts'
import { readEnv } from '../src/config.ts'
import { createContext } from '../src/context.ts'
import { startEmbedded } from '../src/database/embedded.ts'
import { migrate } from '../src/database/migrate.ts'
import type { LoadOrder, LoadResult } from './load.ts'
import { Analyst, type Explained, explainAll } from './plans.ts'
import { seedInstances } from './seed.ts'
import { type SizeRequest, sizeRequests } from './size-requests.ts'
import { help, type Measured, nextMessage, startService } from './stage.ts'

/** A database with so many instances, and what was read of it for each request. */
export interface Size {
  instances: number
  requests: SizeRequest[]
  /** In the order of the requests. */
  explained: Explained[][]
  startService(): Promise<Measured>
}

export interface SizeStage extends AsyncDisposable {
  fill(instances: number): Promise<Size>
  load(order: LoadOrder): Promise<LoadResult>
}

/** What is written from time to time, for many requests together. */
const behindRequests = 'note-token-use'
/** So often each request is sent before it counts: by then plans are kept, and caches are full. */
const warmUps = 10
/** Of so many the median counts: a row that finds its page full reads a few blocks more than others. */
const counted = 15

/** One cluster for databases of all sizes, with vendor and load generator on loopback. */
export async function setSizeStage(): Promise<SizeStage> {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-bench-'))
  resources.defer(() => rm(folder, { recursive: true }))
  await chmod(folder, 0o711)
  const settings = { max_wal_size: '8GB', shared_buffers: '1GB' }
  const cluster = await startEmbedded({ dataDir: folder, settings })
  resources.defer(() => cluster.stop())
  const vendor = await help(resources, new URL('./vendor.ts', import.meta.url))
  const { child } = await help(resources, new URL('./load.ts', import.meta.url))
  const stage = resources.move()
  return {
    fill: async (instances) => {
      const databaseUrl = await createDatabase(cluster.url, `size_${instances}`)
      const env = {
        DATABASE_URL: databaseUrl,
        LATCHKEY_KEYS: `bench:${randomBytes(32).toString('base64')}`,
        LATCHKEY_EGRESS_ALLOW: new URL(vendor.url).host,
      }
      const found = await fill(env, instances, vendor.url)
      return { instances, ...found, startService: () => startService(stage, [], env) }
    },
    load: (order) => {
      child.send(order)
      return nextMessage<LoadResult>(child)
    },
    [Symbol.asyncDispose]: () => stage.disposeAsync(),
  }
}

async function createDatabase(url: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return new URL(`/${name}`, url).href
}

async function fill(env: Record<string, string>, instances: number, vendorUrl: string) {
  const databaseUrl = env.DATABASE_URL!
  await migrate(databaseUrl)
  const config = readEnv(env)
  await using context = await createContext({
    config,
    log: pino({ level: 'silent' }),
    databaseUrl,
    keys: config.keys!,
  })
  const requests = sizeRequests(await seedInstances(context, databaseUrl, instances), vendorUrl)
  await using app = buildApp(context)
  await using analyst = await Analyst.connect(databaseUrl)
  const explained: Explained[][] = []
  for (const { what, path: url, headers, body } of requests) {
    const send = async () => {
      const given =
        body === undefined ? { method: 'GET' as const } : { method: 'POST' as const, body }
      const answer = await app.inject({ url, headers, ...given })
      if (answer.statusCode !== 200) throw new Error(`${what}: ${answer.body}`)
    }
    for (let time = 0; time < warmUps; time++) await explainAll(analyst, send)
    const times: Explained[][] = []
    for (let time = 0; time < counted; time++) {
      const all = await explainAll(analyst, send)
      times.push(all.filter(({ statement }) => statement.name !== behindRequests))
    }
    explained.push(times.sort((a, b) => buffersOf(a) - buffersOf(b))[(counted - 1) / 2]!)
  }
  return { requests, explained }
}

/** What the statements of a request read, hit or not. */
export function buffersOf(explained: Explained[]): number {
  return explained.reduce((total, { buffers }) => total + buffers, 0)
}
