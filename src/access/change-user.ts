import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { type Db, transaction } from '../database/database.ts'
import { isTaken } from '../database/failure.ts'
import { Refusal } from '../http/errors.ts'
import { emailTaken, requireEmail } from './add-user.ts'
import { requireFitPassword } from './password-rules.ts'
import { passwordWrong, proveIdentity } from './prove.ts'
import { type Role, requireRight } from './rights.ts'
import { readRoles } from './roles.ts'
import { lockOrganization } from './secrets-store.ts'
import { deleteSignInTokens, findPassword, keepPassword } from './sign-in-store.ts'
import { forgiveTries } from './slow-down.ts'
import type { Principal } from './store.ts'
import type { User, UserChange } from './user-schema.ts'
import { findUser, hasOtherAdmin, type UserKey, type UserRecord, updateUser } from './user-store.ts'
import { requireUserRecord, showUser, userNotFound } from './users.ts'

type ChangeContext = Pick<Context, 'db' | 'vault' | 'passwords'>

/** What is to be stored of a change. */
export interface UserChanges {
  email?: string | undefined
  firstName?: string | undefined
  lastName?: string | undefined
  role?: Role | undefined
  active?: boolean | undefined
  /** The hash of a new password. */
  password?: string | undefined
  /** The hash of the one before, where it was proved: by then it may be another. */
  provedPassword?: string | undefined
}

/**
 * Changes what is given: users their own name, address and password; admins everything of everyone.
 * `prove` is asked, and throws, before somebody gets in by what is changed.
 * @throws {Refusal} `user-not-found`, `role-insufficient`, `role-unknown`, `email-taken`,
 *   `password-unfit`, `password-wrong`, `last-admin`
 */
export async function changeUser(
  context: ChangeContext,
  {
    principal,
    idOrEmail,
    body,
    prove,
  }: { principal: Principal; idOrEmail: string; body: UserChange; prove(): Promise<void> },
  deed: Deed & { address: string },
): Promise<User> {
  const user = await requireUserRecord(context, principal, idOrEmail)
  const { firstName, lastName } = body
  // What is as it was is not written: an admin may change it before this is stored.
  const role = unless(user.role, body.roles && readRoles(body.roles))
  const active = unless(user.active, body.active)
  if (role !== undefined || active !== undefined) requireRight(principal, 'all-users')
  const email = body.email === undefined ? undefined : requireEmail(body.email)
  const letsIn = unless(user.email, email) !== undefined || role === 'org-admin' || active === true
  if (letsIn) await prove()
  const passwords =
    body.password === undefined
      ? undefined
      : await hashNewPassword(
          context,
          principal,
          { ...user, email: email ?? user.email },
          body,
          deed,
          prove,
        )
  const changes = { email, firstName, lastName, role, active, ...passwords }
  return storeChanges(context, user, changes, deed)
}

function unless<Value>(before: Value, given: Value | undefined): Value | undefined {
  return given === before ? undefined : given
}

/**
 * The user as changed. A new password and deactivation end all bearer tokens.
 * @throws {Refusal} `user-not-found`, `email-taken`, `last-admin`, `password-wrong`
 */
export async function storeChanges(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  { organizationId, id, email }: UserRecord,
  { password, provedPassword, ...changes }: UserChanges,
  deed: Deed,
): Promise<User> {
  const key = { organizationId, id }
  const login = { organizationId, userId: id }
  try {
    return await transaction(db, async (tx) => {
      if (changes.role === 'user' || changes.active === false) await keepAnAdmin(tx, key)
      const stored = await updateUser(tx, key, changes)
      if (!stored) throw userNotFound(id)
      if (provedPassword !== undefined && provedPassword !== (await findPassword(tx, login))) {
        throw passwordWrong()
      }
      if (password !== undefined) {
        await keepPassword(tx, { ...login, hash: password })
        await forgiveTries({ db: tx, vault }, email)
      }
      if (password !== undefined || changes.active === false) await deleteSignInTokens(tx, login)
      const changed = Object.entries({ ...changes, password }).flatMap(([name, value]) =>
        value === undefined ? [] : [name],
      )
      const detail = {
        userId: id,
        changed: changed.join(','),
        ...(changes.role && { role: changes.role }),
        ...(changes.active !== undefined && { active: changes.active }),
      }
      await insertAuditEntry(tx, deed, 'user.changed', { ownerId: id, detail })
      return showUser(stored)
    })
  } catch (error) {
    throw isTaken(error) ? emailTaken() : error
  }
}

/**
 * Before somebody governs no more; until the end of the transaction nobody else does so.
 * @throws {Refusal} `last-admin`
 */
export async function keepAnAdmin(tx: Db, key: UserKey) {
  await lockOrganization(tx, key.organizationId)
  const user = await findUser(tx, key)
  if (user?.role !== 'org-admin' || !user.active || (await hasOtherAdmin(tx, key))) return
  throw new Refusal(
    'last-admin',
    'This is the last active admin of the organization. Make somebody else an admin first.',
  )
}

/** For one's own, the one before has to be known, where there is one; for all others, `prove`. */
async function hashNewPassword(
  context: ChangeContext,
  principal: Principal,
  user: UserRecord,
  { password = '', oldPassword }: UserChange,
  { address }: { address: string },
  prove: () => Promise<void>,
): Promise<Pick<UserChanges, 'password' | 'provedPassword'>> {
  requireFitPassword(password, user.email)
  const { organizationId, id: userId } = user
  let provedPassword: string | undefined
  const isOwn = userId === principal.user.id
  if (isOwn && (await findPassword(context.db, { organizationId, userId }))) {
    if (oldPassword === undefined) {
      throw new Refusal(
        'password-wrong',
        'To change your own password, send the one before as `oldPassword`.',
      )
    }
    const { emailAddress: email } = principal.user
    provedPassword = await proveIdentity(
      context,
      { ...user, email },
      {
        password: oldPassword,
        address,
      },
    )
  } else await prove()
  return { password: await context.passwords.hash(password), provedPassword }
}
