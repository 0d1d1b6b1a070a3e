import type { Context } from '../context.ts'
import type { JobData } from '../database/jobs.ts'
import { purge } from './purge.ts'
import { listOrganizations } from './store.ts'

type Needs = Pick<Context, 'db' | 'jobs' | 'log'>

const daySeconds = 86_400
const page = 200
const jobDeadlineMs = 25_000

/** Begins anew with the first organization; whoever starts may ask for it. */
export function planPurges({ db, jobs }: Pick<Context, 'db' | 'jobs'>): Promise<void> {
  return jobs.send(db.pool, 'plan-purges', { organizationId: 0 }, { key: 'plan', startAfter: 60 })
}

/**
 * Plans a purge for some organizations, the ones behind `organizationId`, and itself for those behind
 * them; after the last for the first again, a day later.
 */
export async function planNextPurges({ db, jobs }: Needs, { organizationId: after }: JobData) {
  const organizations = await listOrganizations(db, { after, limit: page })
  for (const organizationId of organizations) {
    const startAfter = secondsUntilTurn(organizationId, Date.now())
    await jobs.send(db.pool, 'purge', { organizationId }, { key: `${organizationId}`, startAfter })
  }
  const more = organizations.length === page
  const next = { organizationId: more ? organizations.at(-1)! : 0 }
  await jobs.send(db.pool, 'plan-purges', next, { key: 'plan', startAfter: more ? 0 : daySeconds })
}

/** What is over goes; where that takes long, the rest a little later. */
export async function purgeInBackground({ db, jobs, log }: Needs, { organizationId }: JobData) {
  const { purged, complete } = await purge(db, organizationId, { deadlineMs: jobDeadlineMs })
  if (Object.values(purged).some((count) => count > 0)) {
    log.info({ organizationId, purged }, 'what need not be kept is deleted')
  }
  if (complete) return
  await jobs.send(
    db.pool,
    'purge',
    { organizationId },
    { key: `${organizationId}`, startAfter: 10 },
  )
}

/** Each has its own second of the day, so that plans that are made often put nothing off. */
export function secondsUntilTurn(organizationId: number, now: number): number {
  const turn = (organizationId * 7919) % daySeconds
  const passed = Math.floor(now / 1000) % daySeconds
  return (turn - passed + daySeconds) % daySeconds
}
