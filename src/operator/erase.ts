import { insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { isReferenced } from '../database/failure.ts'
import type { JobData } from '../database/jobs.ts'
import {
  beginErasure,
  deleteOrganization,
  deleteRows,
  hasRows,
  isErasing,
  listTenantTables,
  type TenantTable,
} from './erase-store.ts'
import { type OperatorDeed, requireFound } from './organizations.ts'

type Needs = Pick<Context, 'db' | 'jobs' | 'vault' | 'log'>

const batch = 500
/** Longer than a request, or what a process remembers of the keys, can outlive the beginning. */
const stragglersSeconds = 90
const jobDeadlineMs = 25_000

/**
 * Erases an organization: in one transaction its data keys and its callers' secrets, so that nothing
 * of it opens any more, also in a backup without them; then its rows, in the background if need be.
 * @param deadlineMs how long to delete rows at once
 * @throws {Refusal} `organization-not-found`
 */
export async function eraseOrganization(
  context: Needs,
  { organizationId, deed, deadlineMs }: JobData & { deed: OperatorDeed; deadlineMs: number },
): Promise<'erasing' | 'erased'> {
  const { db, jobs, vault, log } = context
  await transaction(db, async (tx) => {
    requireFound(organizationId, (await beginErasure(tx, organizationId)) || undefined)
    // It goes with the rest; a copy of the database that was made before knows of it.
    await insertAuditEntry(tx, { organizationId, ...deed }, 'organization.erased')
    const later = { key: `${organizationId}`, startAfter: Math.ceil(deadlineMs / 1000) + 1 }
    await jobs.send(tx, 'erase-organizations', { organizationId }, later)
  })
  vault.forgetDataKeys(organizationId)
  log.info({ organizationId, requestId: deed.requestId }, 'the keys of an organization are erased')
  return eraseRows(context, organizationId, deadlineMs)
}

/** Goes on where a process left off; to be called again until there is nothing left. */
export async function continueErasure(context: Needs, { organizationId }: JobData): Promise<void> {
  if (!(await isErasing(context.db, organizationId))) return
  if ((await eraseRows(context, organizationId, jobDeadlineMs)) === 'erased') return
  const again = { key: `${organizationId}`, startAfter: 5 }
  await context.jobs.send(context.db.pool, 'erase-organizations', { organizationId }, again)
}

async function eraseRows(
  { db, log }: Needs,
  organizationId: number,
  deadlineMs: number,
): Promise<'erasing' | 'erased'> {
  const deadline = performance.now() + deadlineMs
  const tables = await listTenantTables(db)
  for (const table of tables) {
    if (!(await empty(db, table, organizationId, deadline))) return 'erasing'
  }
  const gone = await transaction(db, async (tx) => {
    for (const table of tables) if (await hasRows(tx, table, organizationId)) return false
    return deleteOrganization(tx, { organizationId, afterSeconds: stragglersSeconds })
  })
  if (gone) log.info({ organizationId }, 'an organization is erased')
  return gone ? 'erased' : 'erasing'
}

/** @returns false where time ran out, or what was written meanwhile is in the way */
async function empty(
  db: Db,
  table: TenantTable,
  organizationId: number,
  deadline: number,
): Promise<boolean> {
  const scope = { organizationId, limit: batch }
  try {
    for (;;) {
      const deleted = await transaction(db, (tx) => deleteRows(tx, table, scope))
      // Less than asked for may mean that another process was faster.
      if (deleted === 0) return true
      if (performance.now() > deadline) return false
    }
  } catch (error) {
    if (isReferenced(error)) return false
    throw error
  }
}
