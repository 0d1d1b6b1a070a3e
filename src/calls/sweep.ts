import type { Context } from '../context.ts'
import { wake } from './job.ts'
import { listForgotten } from './lane-store.ts'

type Needs = Pick<Context, 'db' | 'jobs' | 'log'>

const everySeconds = 300
const firstSeconds = 60

/** Whoever starts may ask for it: one waits for all. */
export function planSweeps({ db, jobs }: Pick<Context, 'db' | 'jobs'>, startAfter = firstSeconds) {
  return jobs.send(db.pool, 'sweep-later', { organizationId: 0 }, { key: 'sweep', startAfter })
}

/** Has what waits looked at where nobody has done so for a while, since the job for it had failed. */
export async function sweepForgotten(context: Needs) {
  const { db, jobs, log } = context
  // First: one that fails again and again must not be the last.
  await planSweeps(context, everySeconds)
  const forgotten = await listForgotten(db)
  for (const lane of forgotten) await wake(jobs, db.pool, lane)
  if (forgotten.length > 0) log.info({ lanes: forgotten.length }, 'calls that wait are looked at')
}
