import { requireRight } from '../access/rights.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import type { InstanceRequest } from './change-request.ts'
import { deedOf, findGoverned, instanceBusy, type Shown, showGoverned } from './own.ts'
import { changeOwner } from './owner-store.ts'

const maxAttempts = 4

/**
 * Gives an instance to another user of the organization. Its tokens stay, and only the new owner may
 * use them; what it uses, such as a certificate, stays whose it is.
 * @throws {Refusal} `role-insufficient`, `instance-not-found`, `instance-changed`, `body-invalid`
 *   where that is no active user
 */
export async function reassignInstance(
  context: Pick<Context, 'db' | 'vault' | 'elements'>,
  request: InstanceRequest,
  to: number,
): Promise<Shown> {
  const { principal } = request
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    const { row, element } = await findGoverned(context, request)
    requireRight(principal, 'all-instances')
    if (row.userId === to) return showGoverned(context, principal, row, element)
    const changed = await changeOwner(context.db, row, to, deedOf(request))
    if (changed === 'no-heir') throw noHeir(to)
    if (!changed) continue
    const { row: theirs } = await findGoverned(context, { ...request, ifMatch: undefined })
    return showGoverned(context, principal, theirs, element)
  }
  throw instanceBusy()
}

function noHeir(to: number): Refusal {
  const reason = `has to be the id of an active user of the organization; ${to} is none`
  return new Refusal('body-invalid', {
    message: `"user" ${reason}.`,
    invalid: [{ key: 'user', reason }],
  })
}
