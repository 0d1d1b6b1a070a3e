import type { Context } from './context.ts'
import { listPendingMigrations } from './database/migrate.ts'

/** What keeps the service from working, in a sentence; a database that cannot be reached throws. */
export async function findObstacle({
  db,
  vault,
}: Pick<Context, 'db' | 'vault'>): Promise<string | undefined> {
  const pending = await listPendingMigrations(db)
  if (pending.length > 0) {
    return `The database lacks the migrations ${pending.join(', ')}: restart the service, which applies them.`
  }
  if (!(await vault.isAtHome())) {
    return 'The keys at hand do not open this database: compare LATCHKEY_KEYS with the keys it was sealed with.'
  }
  return undefined
}
