import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { isTaken } from '../database/failure.ts'
import { Refusal } from '../http/errors.ts'
import { findAccount } from './account-store.ts'
import { accountNotFound } from './accounts.ts'
import { readEmail } from './email.ts'
import { requireFitPassword } from './password-rules.ts'
import { readRoles } from './roles.ts'
import { giveSecret } from './secrets.ts'
import { keepPassword } from './sign-in-store.ts'
import { nextId } from './store.ts'
import type { User, UserRequest } from './user-schema.ts'
import { findUser, insertUser } from './user-store.ts'
import { showUser } from './users.ts'

/**
 * Adds a user to an account, with a secret that is told in this answer.
 * @throws {Refusal} `account-not-found`, `email-taken`, `password-unfit`, `role-unknown`
 */
export async function addUser(
  { db, vault, passwords }: Pick<Context, 'db' | 'vault' | 'passwords'>,
  accountId: number,
  request: UserRequest,
  deed: Deed,
): Promise<User> {
  const { organizationId } = deed
  const email = requireEmail(request.email)
  const role = readRoles(request.roles ?? [])
  const { firstName = '', lastName = '', password } = request
  if (password !== undefined) requireFitPassword(password, email)
  if (!(await findAccount(db, { organizationId, id: accountId }))) throw accountNotFound(accountId)
  const hash = password === undefined ? undefined : await passwords.hash(password)
  const seal = await vault.sealerOf(organizationId)
  try {
    return await transaction(db, async (tx) => {
      const id = await nextId(tx, 'users_id_seq')
      await insertUser(tx, { organizationId, id, accountId, email, firstName, lastName, role })
      const secret = await giveSecret({ db: tx, vault, seal }, { organizationId, userId: id })
      if (hash) await keepPassword(tx, { organizationId, userId: id, hash })
      const detail = { userId: id, accountId, role }
      await insertAuditEntry(tx, deed, 'user.created', { ownerId: id, detail })
      return showUser((await findUser(tx, { organizationId, id }))!, secret)
    })
  } catch (error) {
    throw isTaken(error) ? emailTaken() : error
  }
}

/** @throws {Refusal} `body-invalid` */
export function requireEmail(text: string): string {
  const email = readEmail(text)
  if (email) return email
  const reason = 'is not an e-mail address'
  throw new Refusal('body-invalid', {
    message: `Correct the body: email ${reason}.`,
    invalid: [{ key: 'email', reason }],
  })
}

/** Without a word about who has it, or where. */
export function emailTaken(): Refusal {
  return new Refusal('email-taken', 'This e-mail address cannot be used. Take another one.')
}
