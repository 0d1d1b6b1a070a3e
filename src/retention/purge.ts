import { type Db, transaction } from '../database/database.ts'
import { purgesFor } from './kinds.ts'
import { readRetention, runPurge } from './store.ts'

const batch = 500

/**
 * Deletes what an organization need not keep any longer, a batch a transaction.
 * @returns how many of each kind went, and whether the time sufficed
 */
export async function purge(
  db: Db,
  organizationId: number,
  { deadlineMs = Number.POSITIVE_INFINITY, limit = batch } = {},
): Promise<{ purged: Record<string, number>; complete: boolean }> {
  const deadline = performance.now() + deadlineMs
  const purged: Record<string, number> = {}
  for (const { name, days, purge } of purgesFor(await readRetention(db, organizationId))) {
    const query = purge({ organizationId, days, limit })
    purged[name] = 0
    for (;;) {
      if (performance.now() > deadline) return { purged, complete: false }
      const count = await transaction(db, (tx) => runPurge(tx, query))
      purged[name] += count
      if (count < limit) break
    }
  }
  return { purged, complete: true }
}
