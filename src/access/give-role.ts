import type { Deed } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { storeChanges } from './change-user.ts'
import { readRole, showRole } from './roles.ts'
import type { Principal } from './store.ts'
import type { RoleAnswer } from './user-schema.ts'
import { requireUserRecord } from './users.ts'

type Asked = { principal: Principal; idOrEmail: string; role: string }

/** @throws {Refusal} `role-unknown`, `user-not-found`, `role-given` */
export async function giveRole(
  context: Pick<Context, 'db' | 'vault'>,
  { principal, idOrEmail, role: key }: Asked,
  deed: Deed,
): Promise<RoleAnswer> {
  const role = readRole(key)
  const user = await requireUserRecord(context, principal, idOrEmail)
  // Every user is a `user`, and there is nothing beyond an admin.
  if (role === 'user' || user.role === role) {
    throw new Refusal('role-given', `The user ${user.id} has the role ${role} already.`)
  }
  await storeChanges(context, user, { role }, deed)
  return showRole(role)
}

/** @throws {Refusal} `role-unknown`, `user-not-found`, `role-not-given`, `role-basic`, `last-admin` */
export async function takeRole(
  context: Pick<Context, 'db' | 'vault'>,
  { principal, idOrEmail, role: key }: Asked,
  deed: Deed,
) {
  const role = readRole(key)
  const user = await requireUserRecord(context, principal, idOrEmail)
  if (role === 'user') {
    throw new Refusal('role-basic', 'Nobody can lose the role user. Deactivate the user instead.')
  }
  if (user.role !== role) {
    throw new Refusal('role-not-given', `The user ${user.id} does not have the role ${role}.`)
  }
  await storeChanges(context, user, { role: 'user' }, deed)
}
