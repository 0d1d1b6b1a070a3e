import { insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import type { InstanceRequest } from './change-request.ts'
import { instanceNotFound } from './find.ts'
import { deedOf, findOwn } from './own.ts'
import { showReference } from './references.ts'
import type { InstanceReference } from './references-schema.ts'
import {
  type LockedInstance,
  listReferences,
  lockInstances,
  moveReferences,
} from './references-store.ts'
import type { InstanceKey } from './store.ts'

/**
 * Points everything that uses an instance to another one, all of it or nothing.
 * @returns what uses the other one then
 * @throws {Refusal} `replacement-unfit` where the other one cannot do what this one did
 */
export async function replaceInstance(
  context: Pick<Context, 'db' | 'vault' | 'elements'>,
  request: InstanceRequest,
  by: number,
): Promise<InstanceReference[]> {
  const { row } = await findOwn(context, request)
  const other: InstanceKey = { organizationId: row.organizationId, id: by }
  return transaction(context.db, async (tx) => {
    const locked = await lockInstances(tx, row.organizationId, [row.id, by])
    const old = locked.find(({ id }) => id === row.id)
    const next = locked.find(({ id }) => id === by)
    if (old?.userId !== row.userId) throw instanceNotFound(row.id)
    if (next?.userId !== row.userId) throw instanceNotFound(by)
    const obstacle = obstacleTo(old, next)
    if (obstacle) throw unfit(by, obstacle)
    const moved = await listReferences(tx, row)
    if (moved.length > 0) {
      await moveReferences(tx, row, by)
      const count = moved.length
      const deed = deedOf(request)
      const subject = { instanceId: row.id, detail: { by, references: count } }
      await insertAuditEntry(tx, deed, 'instance.replaced', subject)
      const taken = { instanceId: by, detail: { from: row.id, references: count } }
      await insertAuditEntry(tx, deed, 'instance.references-taken', taken)
    }
    return (await listReferences(tx, other)).map(showReference)
  })
}

function obstacleTo(old: LockedInstance, next: LockedInstance): string | undefined {
  if (next.id === old.id) return 'is the same one'
  if (next.elementId !== old.elementId) return 'is of another element'
  if (next.disabled) return 'is disabled'
  if (next.state === 'draft') return 'is a draft'
  if (next.state === 'failed') return 'has failed'
  return undefined
}

function unfit(by: number, obstacle: string): Refusal {
  return new Refusal(
    'replacement-unfit',
    `Nothing was changed: the instance ${by} ${obstacle}. Name another instance of the same element that can be called through.`,
  )
}
