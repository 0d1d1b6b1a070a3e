import type { Context } from '../context.ts'
import type { JobData } from '../database/jobs.ts'
import { checkInstance } from './check.ts'
import { claimDue, listOrganizationsDue, nextDue } from './store.ts'

const page = 200
const planEverySeconds = 1800
/** One job looks after so many at once, and takes no more of them when its time is over. */
const atOnce = 4
const jobMs = 10_000
/** Longer than a check can take; whoever dies meanwhile leaves them to the next. */
const claimSeconds = 600

type Needs = Pick<Context, 'db' | 'jobs'>

/** Begins anew with the first organization; whoever starts may ask for it. */
export function planChecks({ db, jobs }: Needs): Promise<void> {
  const job = { organizationId: 0 }
  return jobs.send(db.pool, 'plan-checks', job, { key: 'plan', startAfter: 60 })
}

/**
 * Plans a job for those of some organizations that have instances due before the next plan, and
 * itself for the organizations behind them; after the last for the first again, a while later.
 */
export async function planNextChecks({ db, jobs }: Needs, { organizationId: after }: JobData) {
  const asked = { after, limit: page, withinSeconds: planEverySeconds }
  const found = await listOrganizationsDue(db, asked)
  for (const { organizationId, dueIn } of found) {
    if (dueIn !== null) await sendCheck({ db, jobs }, organizationId, dueIn)
  }
  const more = found.length === page
  const next = { organizationId: more ? found.at(-1)!.organizationId : 0 }
  const startAfter = more ? 0 : planEverySeconds
  await jobs.send(db.pool, 'plan-checks', next, { key: 'plan', startAfter })
}

/** Looks after the instances of an organization that are due; where there are many, in turns. */
export async function checkDueInstances(context: Context, { organizationId }: JobData) {
  const { db, log } = context
  const deadline = performance.now() + jobMs
  while (performance.now() < deadline) {
    const due = await claimDue(db, { organizationId, limit: atOnce, seconds: claimSeconds })
    if (due.length === 0) break
    await Promise.all(
      due.map((instance) =>
        checkInstance(context, { organizationId, ...instance }).catch((err: unknown) =>
          log.warn({ err, organizationId, instanceId: instance.id }, 'an instance was not checked'),
        ),
      ),
    )
  }
  const dueIn = await nextDue(db, { organizationId, withinSeconds: planEverySeconds })
  if (dueIn !== undefined) await sendCheck(context, organizationId, dueIn)
}

function sendCheck({ db, jobs }: Needs, organizationId: number, startAfter: number) {
  const key = `${organizationId}`
  return jobs.send(db.pool, 'check-instances', { organizationId }, { key, startAfter })
}
