import pg from 'pg'
import { PgBoss, type Queue } from 'pg-boss'

/** Where pg-boss has its tables. */
export const schema = 'jobs'

const perJob = {
  // One waits for each key, however many are under way.
  policy: 'short',
  // A process that takes longer has died, or might as well have.
  expireInSeconds: 40,
  // For what fails on our side; what fails at a vendor is told when to come again.
  retryLimit: 20,
  retryDelay: 5,
  retryBackoff: true,
  retryDelayMax: 900,
  deleteAfterSeconds: 60,
} as const satisfies Omit<Queue, 'name'>

/** Every kind of work in the background. */
export const queues = {
  /** Tokens that are about to end. */
  'refresh-tokens': perJob,
  /** Organizations whose keys are erased, and users: their rows go. */
  'erase-organizations': perJob,
  'erase-users': perJob,
  /** What has outlived its retention, organization by organization, and when each is looked at. */
  purge: perJob,
  'plan-purges': perJob,
  /** Instances that are due to be tried again, by organization, and who has any. */
  'check-instances': perJob,
  'plan-checks': perJob,
  /** Webhooks that events wait for. */
  'deliver-events': perJob,
  /** Calls that wait until the limits of their instance let them through. */
  'send-later': {
    ...perJob,
    // A vendor may take its time; who dies is seen by its silence.
    expireInSeconds: 900,
    heartbeatSeconds: 30,
  },
  /** Those of them that nobody looks at any more. */
  'sweep-later': perJob,
} as const satisfies Record<string, Omit<Queue, 'name'>>

export type QueueName = keyof typeof queues

/** How many look for jobs of a queue in each process, where one is not enough. */
export const workers: Partial<Record<QueueName, number>> = {
  // Most of the time goes into waiting for vendors.
  'refresh-tokens': 8,
  'check-instances': 4,
  // So goes theirs, for whoever receives them.
  'deliver-events': 8,
  'send-later': 12,
}

/** How many of them work for one organization, where its vendors may hold them up. */
export const workersOfOne: Partial<Record<QueueName, number>> = {
  'send-later': 6,
}

const installLock = 7_016_579

/** What a trigger sends a job with: it is as if `Jobs` had sent it, without a key and at once. */
const sendFunction = `
  create or replace function ${schema}.send_job(queue text, content jsonb) returns void
  language sql as $$
    insert into ${schema}.job (name, data, singleton_key, expire_seconds, deletion_seconds,
      keep_until, retry_limit, retry_delay, retry_backoff, retry_delay_max, policy, dead_letter,
      heartbeat_seconds)
    select name, content, gen_random_uuid()::text, expire_seconds, deletion_seconds,
      now() + make_interval(secs => retention_seconds), retry_limit, retry_delay, retry_backoff,
      retry_delay_max, policy, dead_letter, heartbeat_seconds
    from ${schema}.queue where name = send_job.queue
  $$`

/** Brings the tables and queues of the jobs up to date; several processes may ask at once. */
export async function installJobs(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  const failed: Error[] = []
  client.on('error', (error) => failed.push(error))
  await client.connect()
  const boss = new PgBoss({
    db: { executeSql: (text, values) => client.query(text, values) },
    schema,
    schedule: false,
    supervise: false,
  })
  boss.on('error', (error) => failed.push(error))
  try {
    // Until the connection ends.
    await client.query('select pg_advisory_lock($1)', [installLock])
    await boss.start()
    for (const [name, options] of Object.entries(queues)) {
      const { policy: _, ...changeable } = options
      await boss.createQueue(name, options)
      await boss.updateQueue(name, changeable)
    }
    // A key is looked for among all jobs that wait, which may be millions.
    await client.query(
      `create index if not exists job_waiting_by_key on ${schema}.job_common (name, singleton_key)
       where state < 'active'`,
    )
    await client.query(sendFunction)
    if (failed[0]) throw failed[0]
  } finally {
    await boss.stop({ graceful: false })
    await client.end()
  }
}
