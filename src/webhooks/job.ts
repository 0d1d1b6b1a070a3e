import type { JobData, Jobs, Queries } from '../database/jobs.ts'
import type { WebhookKey } from './store.ts'

/** Says that something may wait for a webhook; triggers send the same. */
export interface DeliveryJob extends JobData {
  webhookId: number
}

/** Has what waits for it looked at, at once, when the transaction commits. */
export function wake(jobs: Jobs, queries: Queries, { organizationId, id }: WebhookKey) {
  return jobs.send<DeliveryJob>(queries, 'deliver-events', { organizationId, webhookId: id })
}

/** The next look of this process, in the place of the one that it has planned before. */
export function plan(
  jobs: Jobs,
  queries: Queries,
  { organizationId, id }: WebhookKey,
  { holder, startAfter }: { holder: string; startAfter: number },
) {
  const key = `${organizationId}/${id}/${holder}`
  const job = { organizationId, webhookId: id }
  return jobs.send<DeliveryJob>(queries, 'deliver-events', job, { key, startAfter })
}
