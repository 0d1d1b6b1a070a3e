import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { isReferenced } from '../database/failure.ts'
import { Refusal } from '../http/errors.ts'
import { cutPage, type Page } from '../http/paging.ts'
import type { Account, AccountChange, AccountRequest } from './account-schema.ts'
import {
  type AccountRecord,
  deleteAccount,
  findAccount,
  findAccountOf,
  insertAccount,
  listAccounts,
  updateAccount,
} from './account-store.ts'
import { may } from './rights.ts'
import { lockOrganization } from './secrets-store.ts'
import { nextId, type Principal } from './store.ts'
import { hasOtherAdmin } from './user-store.ts'

type AccountContext = Pick<Context, 'db'>

/** A page of the accounts that the caller may see: all of them for an admin, else the own one. */
export async function listAccountPage({ db }: AccountContext, principal: Principal, page: Page) {
  const { organizationId, user } = principal
  const found = may(principal, 'all-users')
    ? await listAccounts(db, { organizationId, after: page.after, limit: page.pageSize + 1 })
    : [await findAccountOf(db, { organizationId, userId: user.id })].filter(
        (own) => own !== undefined && own.id > page.after,
      )
  const { items, headers } = cutPage(found as AccountRecord[], page)
  return { accounts: items.map(showAccount), headers }
}

/**
 * An account of the organization for an admin, for others their own.
 * @throws {Refusal} `account-not-found`
 */
export async function requireAccount(
  { db }: AccountContext,
  principal: Principal,
  id: number,
): Promise<AccountRecord> {
  const { organizationId, user } = principal
  const found = may(principal, 'all-users')
    ? await findAccount(db, { organizationId, id })
    : await findAccountOf(db, { organizationId, userId: user.id })
  if (found?.id === id) return found
  throw accountNotFound(id)
}

export async function addAccount(
  { db }: AccountContext,
  { name, description = '', externalId = null }: AccountRequest,
  deed: Deed,
): Promise<Account> {
  const { organizationId } = deed
  return transaction(db, async (tx) => {
    const id = await nextId(tx, 'accounts_id_seq')
    await insertAccount(tx, { organizationId, id, name, description, externalId })
    await insertAuditEntry(tx, deed, 'account.created', { detail: { accountId: id } })
    return showAccount((await findAccount(tx, { organizationId, id }))!)
  })
}

/**
 * Changes what is given. Nobody of an account that is not active is let in; `prove` is asked, and
 * throws, before they are again.
 * @throws {Refusal} `account-not-found`, `account-default`, `last-admin`
 */
export async function changeAccount(
  { db }: AccountContext,
  id: number,
  { name, description, externalId, ...change }: AccountChange,
  deed: Deed,
  prove: () => Promise<void>,
): Promise<Account> {
  const { organizationId } = deed
  const key = { organizationId, id }
  const found = await findAccount(db, key)
  // What is as it was is not written: somebody else may change it before this is stored.
  const active = change.active === found?.active ? undefined : change.active
  if (found && active === true) await prove()
  return transaction(db, async (tx) => {
    await lockOrganization(tx, organizationId)
    const before = await findAccount(tx, key)
    if (!before) throw accountNotFound(id)
    if (active === false) {
      if (before.isDefault) throw isDefault('deactivated')
      if (!(await hasOtherAdmin(tx, { organizationId, id: 0 }, id))) throw lastAdmins()
    }
    const changed = await updateAccount(tx, key, { name, description, externalId, active })
    await insertAuditEntry(tx, deed, 'account.changed', {
      detail: { accountId: id, ...(active !== undefined && { active }) },
    })
    return showAccount(changed!)
  })
}

/** @throws {Refusal} `account-not-found`, `account-default`, `account-in-use` */
export async function removeAccount({ db }: AccountContext, id: number, deed: Deed) {
  const key = { organizationId: deed.organizationId, id }
  const found = await findAccount(db, key)
  if (!found) throw accountNotFound(id)
  if (found.isDefault) throw isDefault('deleted')
  try {
    await transaction(db, async (tx) => {
      if (!(await deleteAccount(tx, key))) throw accountNotFound(id)
      await insertAuditEntry(tx, deed, 'account.deleted', { detail: { accountId: id } })
    })
  } catch (error) {
    if (!isReferenced(error)) throw error
    throw new Refusal(
      'account-in-use',
      `The account ${id} has users. Delete them first, or deactivate the account.`,
    )
  }
}

export function showAccount(record: AccountRecord): Account {
  const { id, name, description, externalId, active, isDefault } = record
  return {
    id,
    name,
    description,
    externalId,
    active,
    defaultAccount: isDefault,
    type: isDefault ? 'Default' : 'CompanyAccount',
    createdDate: record.createdAt.toISOString(),
    updatedDate: record.updatedAt.toISOString(),
  }
}

export function accountNotFound(id: number): Refusal {
  return new Refusal(
    'account-not-found',
    `No account found with ID ${id}. Check the id, and whose secrets you sent.`,
  )
}

function isDefault(what: string): Refusal {
  return new Refusal(
    'account-default',
    `The default account of an organization cannot be ${what}. Name another one.`,
  )
}

function lastAdmins(): Refusal {
  return new Refusal(
    'last-admin',
    'The last active admins of the organization belong to this account. Make somebody of another account an admin first.',
  )
}
