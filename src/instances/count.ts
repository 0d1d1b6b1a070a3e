import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import type { InstanceCount } from './list-schema.ts'
import { countByElement } from './list-store.ts'

/** How far instances of one element are counted. */
const counted = 10_000

/** How many instances the caller has, of each element as many as can be counted soon. */
export async function countInstances(
  { db, elements }: Pick<Context, 'db' | 'elements'>,
  { organizationId, user }: Principal,
): Promise<InstanceCount> {
  const found = await countByElement(db, { organizationId, userId: user.id }, counted + 1)
  const heads = await elements.list(organizationId)
  const keys = new Map(heads.map(({ id, key }) => [id, key]))
  const counts = found.map(({ elementId, count }) => ({
    key: keys.get(elementId) ?? String(elementId),
    count: Math.min(count, counted),
  }))
  return {
    totalInstances: counts.reduce((sum, { count }) => sum + count, 0),
    elementInstances: Object.fromEntries(counts.map(({ key, count }) => [key, count])),
    complete: found.every(({ count }) => count <= counted),
  }
}
