import type { Context } from '../context.ts'
import { findApp } from './app-store.ts'

/** By what people elsewhere recognise an app profile; undefined where it was deleted meanwhile. */
export async function describeApp(
  { db }: Pick<Context, 'db'>,
  organizationId: number,
  id: number,
): Promise<{ id: number; name: string; clientId: string } | undefined> {
  const found = await findApp(db, { organizationId, id })
  return found && { id, name: found.name, clientId: found.clientId }
}
