import { continueUserErasure, type UserErasure } from './access/erase.ts'
import type { SendJob } from './calls/job.ts'
import { sendWaiting } from './calls/send.ts'
import { planSweeps, sweepForgotten } from './calls/sweep.ts'
import type { Context } from './context.ts'
import { checkDueInstances, planChecks, planNextChecks } from './health/jobs.ts'
import type { RefreshJob } from './instances/token-life.ts'
import { continueErasure } from './operator/erase.ts'
import { planNextPurges, planPurges, purgeInBackground } from './retention/jobs.ts'
import { refreshAhead } from './tokens/job.ts'
import { deliverWaiting } from './webhooks/deliver.ts'
import type { DeliveryJob } from './webhooks/job.ts'

/** Begins the work in the background: one glance says what is done there. */
export async function startWorkers(context: Context): Promise<void> {
  await context.jobs.work('refresh-tokens', (job: RefreshJob) => refreshAhead(context, job))
  await context.jobs.work('erase-organizations', (job) => continueErasure(context, job))
  await context.jobs.work('erase-users', (job: UserErasure) => continueUserErasure(context, job))
  await context.jobs.work('deliver-events', (job: DeliveryJob, signal) =>
    deliverWaiting(context, job, signal),
  )
  await context.jobs.work('send-later', (job: SendJob, signal, ending) =>
    sendWaiting(context, job, signal, ending),
  )
  await context.jobs.work('sweep-later', () => sweepForgotten(context))
  await planSweeps(context)
  await context.jobs.work('purge', (job) => purgeInBackground(context, job))
  await context.jobs.work('plan-purges', (job) => planNextPurges(context, job))
  await planPurges(context)
  await context.jobs.work('check-instances', (job) => checkDueInstances(context, job))
  await context.jobs.work('plan-checks', (job) => planNextChecks(context, job))
  await planChecks(context)
}
