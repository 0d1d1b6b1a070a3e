import type { Context } from '../context.ts'
import type { InstanceRequest } from './change-request.ts'
import { deleteInstance, switchInstance } from './life-store.ts'
import { deedOf, findOwn, instanceBusy, type Shown, showStored } from './own.ts'
import { inUse } from './references.ts'
import { sendRefresh } from './token-life.ts'
import { tokensEntry } from './tokens.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements' | 'jobs'>

const maxAttempts = 4

/**
 * Deletes an instance with everything that it holds.
 * @throws {Refusal} `instance-not-found`, `instance-changed`, `instance-in-use`
 */
export async function removeInstance(context: Needs, request: InstanceRequest): Promise<void> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const { row } = await findOwn(context, request)
    const deleted = await deleteInstance(context.db, row, deedOf(request))
    if (deleted === true) return
    if (deleted !== false) throw inUse(deleted)
  }
  throw instanceBusy()
}

/**
 * Enables or disables an instance; one that is so already stays as it is.
 * @throws {Refusal} `instance-not-found`, `instance-changed`
 */
export async function enableInstance(
  context: Needs,
  request: InstanceRequest,
  enabled: boolean,
): Promise<Shown> {
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const { row, element } = await findOwn(context, request)
    if (row.disabled !== enabled) return showStored(context, row, element)
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
    if (switched) return showStored(context, row, element, { ...row, ...switched })
  }
  throw instanceBusy()
}
