import type { World } from '../support/world.ts'

/** An entry of the test's own, as the service would have written it at that time. */
export async function writeEntry(
  { context }: Pick<World, 'context'>,
  entry: {
    organizationId: number
    userId?: number | null
    ownerId?: number
    instanceId?: number
    action?: string
    requestId?: string
    address?: string
    at?: Date
    detail?: object
  },
) {
  const { action = 'thing.done', requestId = 'r', userId = null, detail = {}, ...rest } = entry
  await context.db.kysely
    .insertInto('auditEntries')
    .values({
      userId,
      ownerId: null,
      instanceId: null,
      address: null,
      ...rest,
      action,
      requestId,
      detail: JSON.stringify(detail),
    })
    .execute()
}
