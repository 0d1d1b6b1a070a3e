import type { JobData, Jobs, Queries } from '../database/jobs.ts'
import type { Lane } from './store.ts'

/** Says that calls of an instance may wait to be sent. */
export interface SendJob extends JobData {
  instanceId: number
}

/** Has what waits looked at, at once, when the transaction commits. */
export function wake(jobs: Jobs, queries: Queries, { organizationId, instanceId }: Lane) {
  const key = `${organizationId}/${instanceId}`
  return jobs.send<SendJob>(queries, 'send-later', { organizationId, instanceId }, { key })
}

/** The next look, in the place of the one that was planned before. */
export function plan(
  jobs: Jobs,
  queries: Queries,
  { organizationId, instanceId }: Lane,
  startAfter: number,
) {
  // Another key: a look at once, asked for meanwhile, must not be put off by this one.
  const key = `${organizationId}/${instanceId}/next`
  const job = { organizationId, instanceId }
  return jobs.send<SendJob>(queries, 'send-later', job, { key, startAfter })
}
