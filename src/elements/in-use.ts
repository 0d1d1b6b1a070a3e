import type { Db } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { listInstancesOf } from './changes-store.ts'

const maxReferences = 100

/** @throws {Refusal} `element-in-use`, with the instances, where there are any */
export async function refuseInUse(
  db: Db,
  { organizationId, id }: { organizationId: number; id: number },
  remedy: string,
) {
  const references = await listInstancesOf(db, { organizationId, id, limit: maxReferences + 1 })
  if (references.length === 0) return
  const count =
    references.length > maxReferences
      ? `More than ${maxReferences} instances use`
      : references.length === 1
        ? '1 instance uses'
        : `${references.length} instances use`
  throw new Refusal('element-in-use', {
    message: `${count} this element. ${remedy}`,
    references: references.slice(0, maxReferences),
  })
}
