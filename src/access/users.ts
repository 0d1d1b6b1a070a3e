import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { cutPage, type Page } from '../http/paging.ts'
import { readEmail } from './email.ts'
import { proveIdentity } from './prove.ts'
import { may } from './rights.ts'
import { showRoles } from './roles.ts'
import { recallSecret } from './secrets.ts'
import type { Principal } from './store.ts'
import type { User } from './user-schema.ts'
import { findUser, findUserByEmail, listUsers, type UserRecord } from './user-store.ts'

/**
 * A user of the caller's organization: the caller, or anyone for an admin.
 * @throws {Refusal} `user-not-found`
 */
export async function requireUserRecord(
  { db }: Pick<Context, 'db'>,
  principal: Principal,
  idOrEmail: string,
): Promise<UserRecord> {
  const { organizationId } = principal
  const found = await look()
  if (found && (found.id === principal.user.id || may(principal, 'all-users'))) return found
  throw userNotFound(idOrEmail)

  function look() {
    if (/^\d{1,15}$/.test(idOrEmail)) return findUser(db, { organizationId, id: Number(idOrEmail) })
    const email = readEmail(idOrEmail)
    return email ? findUserByEmail(db, { organizationId, email }) : undefined
  }
}

/**
 * With the secret where the user's password is known as well.
 * @throws {Refusal} `user-not-found`, `password-wrong`, `sign-in-slowed`
 */
export async function getUser(
  context: Pick<Context, 'db' | 'vault' | 'passwords'>,
  principal: Principal,
  idOrEmail: string,
  proof: { password: string | undefined; address: string },
): Promise<User> {
  const record = await requireUserRecord(context, principal, idOrEmail)
  if (proof.password === undefined) return showUser(record)
  await proveIdentity(context, record, { password: proof.password, address: proof.address })
  const { organizationId, id: userId } = record
  return showUser(record, await recallSecret(context, { organizationId, userId }))
}

/** A page of the users that the caller may see: all of them for an admin, else the caller. */
export async function listUserPage(
  { db }: Pick<Context, 'db'>,
  principal: Principal,
  page: Page,
  accountId?: number,
) {
  const { organizationId, user } = principal
  const found = may(principal, 'all-users')
    ? await listUsers(db, {
        organizationId,
        accountId,
        after: page.after,
        limit: page.pageSize + 1,
      })
    : [await findUser(db, { organizationId, id: user.id })].filter(
        (own) => own !== undefined && own.id > page.after,
      )
  const { items, headers } = cutPage(found as UserRecord[], page)
  return { users: items.map((record) => showUser(record)), headers }
}

export function showUser(record: UserRecord, secret?: string): User {
  const { id, accountId, email, firstName, lastName, active, role } = record
  return {
    id,
    accountId,
    email,
    firstName,
    lastName,
    fullName: `${firstName} ${lastName}`.trim(),
    active,
    roles: showRoles(role),
    createdDate: record.createdAt.toISOString(),
    updatedDate: record.updatedAt.toISOString(),
    ...(secret !== undefined && { secret }),
  }
}

export function userNotFound(idOrEmail: string | number): Refusal {
  return new Refusal(
    'user-not-found',
    `You have no user ${JSON.stringify(String(idOrEmail).slice(0, 254))}. Check the id or address, and whose secrets you sent.`,
  )
}
