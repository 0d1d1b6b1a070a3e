import type { Context } from '../context.ts'
import type { InstanceRequest } from './change-request.ts'
import { deleteInstance, switchInstance } from './life-store.ts'
import { deedOf, findGoverned, instanceBusy, type Shown, showGoverned } from './own.ts'
import { inUse } from './references.ts'
import { sendRefresh } from './token-life.ts'
import { tokensEntry } from './tokens.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements' | 'jobs'>

const maxAttempts = 4

/**
 * Deletes an instance with everything that it holds; an admin also another user's.
 * @throws {Refusal} `instance-not-found`, `instance-changed`, `instance-in-use`
 */
export async function removeInstance(context: Needs, request: InstanceRequest): Promise<void> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const { row } = await findGoverned(context, request)
    const deleted = await deleteInstance(context.db, row, deedOf(request))
    if (deleted === true) return
    if (deleted !== false) throw inUse(deleted)
  }
  throw instanceBusy()
}

/**
 * Enables or disables an instance, an admin also another user's; one that is so already stays as it
 * is.
 * @throws {Refusal} `instance-not-found`, `instance-changed`
 */
export async function enableInstance(
  context: Needs,
  request: InstanceRequest,
  enabled: boolean,
): Promise<Shown> {
  const { principal } = request
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const { row, element } = await findGoverned(context, request)
    if (row.disabled !== enabled) return showGoverned(context, principal, row, element)
    const tokens = enabled && row.secrets.find(({ entry }) => entry === tokensEntry)
    const switched = await switchInstance(
      context.db,
      row,
      !enabled,
      deedOf(request),
      async (tx) => {
        if (!tokens) return
        // While it was disabled nobody refreshed them.
        const { organizationId, id: instanceId } = row
        const job = { organizationId, instanceId, version: tokens.secretVersion }
        await sendRefresh(context.jobs, tx, job, 0)
      },
    )
    if (switched) {
      return showGoverned(context, principal, row, element, { ...row, ...switched })
    }
  }
  throw instanceBusy()
}
