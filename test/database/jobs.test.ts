import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  clientTransaction,
  type Db,
  openDatabase,
  transaction,
} from '../../src/database/database.ts'
import { type Jobs, openJobs } from '../../src/database/jobs.ts'
import { migrate } from '../../src/database/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

const queue = 'refresh-tokens'
let database: TestDatabase
let db: Db
let jobs: Jobs
const errors: Error[] = []

beforeAll(async () => {
  database = await createTestDatabase()
  db = openDatabase({ url: database.url, onError() {}, maxConnections: 1 })
  jobs = await open(db)
})
afterAll(async () => {
  await jobs[Symbol.asyncDispose]()
  await db[Symbol.asyncDispose]()
  await database.drop()
})

const open = (db: Db) =>
  openJobs(db, { onError: (error) => errors.push(error), pollingSeconds: 0.5 })
const waiting = async () => {
  const { rows } = await db.pool.query(
    `select data, singleton_key as key, extract(epoch from start_after - now())::float8 as "startsIn"
     from jobs.job where state < 'active' order by created_on`,
  )
  return rows
}

test('a job is there when the transaction that sends it is, and only then', async () => {
  const key = 'in a transaction'
  const lost = clientTransaction(db, async (client) => {
    await jobs.send(client, queue, { organizationId: 1 }, { key, startAfter: 60 })
    throw new Error('no')
  })
  await expect(lost).rejects.toThrow('no')
  expect(await waiting()).toEqual([])
  // With the only connection there is.
  await clientTransaction(db, (client) =>
    jobs.send(client, queue, { organizationId: 1 }, { key, startAfter: 60 }),
  )
  await transaction(db, (tx) =>
    jobs.send({ kysely: tx.kysely }, queue, { organizationId: 2 }, { startAfter: 60 }),
  )
  expect(await waiting()).toMatchObject([
    { data: { organizationId: 1 }, key },
    { data: { organizationId: 2 } },
  ])
})

test('of all jobs with a key one waits, as it was sent last', async () => {
  const key = 'again'
  for (const organizationId of [1, 2, 3]) {
    await jobs.send(db.pool, queue, { organizationId }, { key, startAfter: organizationId * 100 })
  }
  const found = (await waiting()).filter((job) => job.key === key)
  expect(found).toMatchObject([{ data: { organizationId: 3 } }])
  expect(found[0].startsIn).toBeGreaterThan(200)
})

test('many who send the same key at once leave one', async () => {
  await using one = openDatabase({ url: database.url, onError() {}, maxConnections: 10 })
  const send = () =>
    jobs.send(one.pool, queue, { organizationId: 4 }, { key: 'rush', startAfter: 9 })
  await Promise.all(Array.from({ length: 20 }, send))
  expect((await waiting()).filter((job) => job.key === 'rush')).toHaveLength(1)
})

test('jobs are done by whoever works, each once, and what fails comes again', async () => {
  await using one = openDatabase({ url: database.url, onError() {}, maxConnections: 4 })
  await using two = openDatabase({ url: database.url, onError() {}, maxConnections: 4 })
  await using first = await open(one)
  await using second = await open(two)
  const done: number[] = []
  let failed = false
  const handle = async ({ organizationId }: { organizationId: number }) => {
    if (organizationId === 105 && !failed) {
      failed = true
      throw new Error('a secret of the vendor')
    }
    await delay(20)
    done.push(organizationId)
  }
  const all = Array.from({ length: 30 }, (_, at) => 100 + at)
  for (const organizationId of all) await first.send(one.pool, queue, { organizationId })
  await first.work(queue, handle)
  await second.work(queue, handle)
  await until(() => failed && done.length === 29)
  const { rows } = await db.pool.query(
    `select output from jobs.job where state = 'retry' and data ->> 'organizationId' = '105'`,
  )
  expect(JSON.stringify(rows)).not.toContain('secret')
  expect(errors.map(({ message }) => message)).toContain('a secret of the vendor')
  await db.pool.query(`update jobs.job set start_after = now() where state = 'retry'`)
  await until(() => done.length === 30)
  expect(done.sort()).toEqual(all)
})

test('to stop waits for the job that is under way', async () => {
  await using one = openDatabase({ url: database.url, onError() {}, maxConnections: 2 })
  await using worker = await open(one)
  const ended = Promise.withResolvers<void>()
  let state = 'waiting'
  await worker.work(queue, async () => {
    state = 'begun'
    await ended.promise
    state = 'done'
  })
  await worker.send(one.pool, queue, { organizationId: 200 })
  await until(() => state === 'begun')
  const stopped = worker.stop(10_000).then(() => state)
  ended.resolve()
  expect(await stopped).toBe('done')
})

test('several processes that start at once make one schema', async () => {
  await using empty = await createTestDatabase({ migrated: false })
  await Promise.all([migrate(empty.url), migrate(empty.url), migrate(empty.url)])
  const client = new pg.Client({ connectionString: empty.url })
  await client.connect()
  const { rows } = await client.query('select name, policy from jobs.queue')
  await client.end()
  expect(rows).toContainEqual({ name: queue, policy: 'short' })
})

test('a key is found without a look at the jobs of all others', async () => {
  await db.pool.query(
    `insert into jobs.job (name, singleton_key, start_after, policy)
     select '${queue}', 'many/' || n, now() + interval '1 day', 'short' from generate_series(1, 20000) n`,
  )
  await db.pool.query('analyze jobs.job_common')
  const { rows } = await db.pool.query(
    `explain (format json) select id from jobs.job_common
     where name = '${queue}' and state < 'active' and singleton_key = 'many/7'`,
  )
  expect(JSON.stringify(rows)).toContain('job_waiting_by_key')
})

test('what a trigger sends is a job like any other', async () => {
  const data = { organizationId: 300, webhookId: 1 }
  await jobs.send(db.pool, 'deliver-events', data)
  await db.pool.query('select jobs.send_job($1, $2)', ['deliver-events', data])
  const { rows } = await db.pool.query(
    `select to_jsonb(j) - '{id,singleton_key,created_on,start_after,keep_until}'::text[] as job,
       start_after <= now() as due, keep_until - start_after = (
         select make_interval(secs => retention_seconds) from jobs.queue where name = j.name) as kept,
       length(singleton_key) as key
     from jobs.job j where data ->> 'organizationId' = '300'`,
  )
  expect(rows).toHaveLength(2)
  expect(rows[1]).toEqual(rows[0])
  expect(rows[0]).toMatchObject({ due: true, kept: true, key: 36, job: { data, policy: 'short' } })
})
