import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { fromKysely, type Job, PgBoss, type Db as Sql } from 'pg-boss'
import type { Db } from './database.ts'
import { type QueueName, queues, schema, workers, workersOfOne } from './job-queues.ts'

/** The pool, a client in a transaction, or a transaction of Kysely's. */
export type Queries = Pick<pg.Pool | pg.PoolClient, 'query'> | Pick<Db, 'kysely'>

/** Background work belongs to an organization, and is done inside of it. */
export interface JobData {
  organizationId: number
}

export interface SendOptions {
  /** Seconds from now, by the database's clock; left out: at once. */
  startAfter?: number
  /** Of all jobs with this key at most one waits: sending it again replaces data and time. */
  key?: string
}

/**
 * What is done for a job. It may be done twice: where a process died, another begins anew.
 * @param signal it has to end now
 * @param ending the process is to end: what is under way may end, and nothing more begins
 */
export type Handler<Data extends JobData> = (
  data: Data,
  signal: AbortSignal,
  ending: AbortSignal,
) => Promise<void>

/** Work that outlives its process, kept in tables that are no tenant's. */
export interface Jobs extends AsyncDisposable {
  /** Committed together with what else `queries` writes; no other connection is taken for it. */
  send<Data extends JobData>(
    queries: Queries,
    queue: QueueName,
    data: Data,
    options?: SendOptions,
  ): Promise<void>
  /** Begins to do jobs of a queue, a few at a time. */
  work<Data extends JobData>(queue: QueueName, handler: Handler<Data>): Promise<void>
  /** Takes no more jobs and lets those under way end, so many milliseconds long. */
  stop(patienceMs: number): Promise<void>
}

/** One that takes long holds up the others of its batch, and no other batch. */
const batchSize = 2
/** How soon the jobs of a process that died are seen, and those that are done are deleted. */
const superviseSeconds = 20
const deletionSeconds = 300
const seldom = 86_400

export interface JobsOptions {
  /** Hears what fails, outside of any request. */
  onError(error: Error): void
  /** How often waiting jobs are looked for; 4 seconds. */
  pollingSeconds?: number | undefined
}

/**
 * Jobs on the service's own connections.
 * @throws where the schema of the jobs is not that of this release
 */
export async function openJobs(
  db: Pick<Db, 'pool'>,
  { onError, pollingSeconds = 4 }: JobsOptions,
): Promise<Jobs> {
  const own = executor(db.pool)
  const common = { db: own, schema, migrate: false, schedule: false, flowIntervalSeconds: seldom }
  // Knows the queues before anything is sent: within a transaction it asks nobody else.
  const sender = new PgBoss({ ...common, supervise: false, queueCacheIntervalSeconds: seldom })
  sender.on('error', onError)
  await sender.start()
  let starting: Promise<PgBoss> | undefined
  let ending = new AbortController()
  const startWorker = async () => {
    const worker = new PgBoss({
      ...common,
      superviseIntervalSeconds: superviseSeconds,
      monitorIntervalSeconds: superviseSeconds,
      maintenanceIntervalSeconds: deletionSeconds,
      reindex: false,
    })
    worker.on('error', onError)
    return worker.start()
  }
  const jobs: Jobs = {
    async send(queries, queue, data, { startAfter = 0, key } = {}) {
      const db = executor(queries)
      const group = { id: String(data.organizationId) }
      const options = { db, startAfter, ...(workersOfOne[queue] && { group }) }
      // Those without a key have one of their own: of an empty one, too, only one could wait.
      if (key === undefined) {
        await sender.send(queue, data, { ...options, singletonKey: randomUUID() })
      } else await sender.upsert(queue, data, { ...options, singletonKey: key })
    },
    async work<Data extends JobData>(queue: QueueName, handler: Handler<Data>) {
      if (ending.signal.aborted) ending = new AbortController()
      starting ??= startWorker()
      const worker = await starting
      const options = {
        batchSize,
        localConcurrency: workers[queue] ?? 1,
        ...(workersOfOne[queue] && { localGroupConcurrency: workersOfOne[queue] }),
        pollingIntervalSeconds: pollingSeconds,
        burstWhenBatchFull: true,
        perJobResults: true,
      } as const
      await worker.work(queue, options, (batch: Job<Data>[]) =>
        Promise.all(batch.map((job) => settle(job, handler, ending.signal, onError))),
      )
    },
    async stop(patienceMs) {
      ending.abort()
      const worker = await starting?.catch(() => undefined)
      starting = undefined
      if (!worker) return
      // By itself pg-boss looks every half second only whether they have ended.
      const ended = Promise.all(Object.keys(queues).map((queue) => worker.offWork(queue)))
      await Promise.race([ended, delay(patienceMs, undefined, { ref: false })])
      await worker.stop({ graceful: false })
    },
    async [Symbol.asyncDispose]() {
      await jobs.stop(1000)
      await sender.stop({ graceful: false })
    },
  }
  return jobs
}

/** What became of a job; one that failed comes again after a while. */
async function settle<Data extends JobData>(
  { id, data, signal }: Job<Data>,
  handler: Handler<Data>,
  ending: AbortSignal,
  onError: (error: Error) => void,
) {
  try {
    await handler(data, signal, ending)
    return { id, status: 'completed' as const }
  } catch (error) {
    onError(error as Error)
    // What an error says may hold a secret: it is not kept with the job.
    return { id, status: 'failed' as const, output: {} }
  }
}

function executor(queries: Queries): Sql {
  if (!('query' in queries)) return fromKysely(queries.kysely)
  return { executeSql: (text, values) => queries.query(text, values) }
}
