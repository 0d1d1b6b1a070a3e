import { Callers } from '../../src/access/callers.ts'
import type { Db } from '../../src/database/database.ts'

/** Callers as a process sees them that hears nothing of changes. */
export const uncached = (db: Db) => new Callers(db, { isCurrent: () => false })
