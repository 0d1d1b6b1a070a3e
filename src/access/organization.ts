import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import { type Db, transaction } from '../database/database.ts'
import type { Vault } from '../vault/vault.ts'
import { insertAccount } from './account-store.ts'
import { readEmail } from './email.ts'
import { giveSecret, recallSecret } from './secrets.ts'
import { findFirstUser, insertOrganization, nextId } from './store.ts'
import { insertUser, isEmailTaken } from './user-store.ts'

/** What a new organization's first user needs; the secrets are told this once. */
export interface FirstAccess {
  organizationId: number
  userId: number
  organizationSecret: string
  userSecret: string
}

/** A mistake of the operator's, in a sentence. */
export class OrganizationError extends Error {}

export class EmailTakenError extends OrganizationError {}

/** What is done at the command line, or before anyone could call. */
export function operatorDeed(organizationId: number): Deed {
  return { organizationId, actor: 'operator', userId: null, requestId: 'command', address: null }
}

/**
 * Makes an organization with its data key, its default account and its first user, who is org-admin.
 * @throws {OrganizationError} for an unusable name or e-mail address
 */
export async function createOrganization(
  { db, vault }: { db: Db; vault: Vault },
  given: { name: string; email: string },
  deed?: Omit<Deed, 'organizationId'>,
): Promise<FirstAccess> {
  const name = readOrganizationName(given.name)
  const email = readEmail(given.email)
  if (!email) throw new OrganizationError(`"${given.email}" is not an e-mail address.`)
  return transaction(db, async (tx) => {
    if (await isEmailTaken(tx, email)) {
      throw new EmailTakenError(`${email} belongs to a user already: take another address.`)
    }
    const organizationId = await nextId(tx, 'organizations_id_seq')
    const userId = await nextId(tx, 'users_id_seq')
    const accountId = await nextId(tx, 'accounts_id_seq')
    await insertOrganization(tx, { organizationId, name })
    await vault.createDataKey(organizationId, tx)
    await insertAccount(tx, { organizationId, id: accountId, name: 'Default', isDefault: true })
    await insertUser(tx, { organizationId, id: userId, accountId, email, role: 'org-admin' })
    // The first data key seals at once, without another connection.
    const tools = { db: tx, vault, seal: await vault.sealerOf(organizationId) }
    const organizationSecret = await giveSecret(tools, { organizationId, userId: null })
    const userSecret = await giveSecret(tools, { organizationId, userId })
    const doing = { ...operatorDeed(organizationId), ...deed }
    await insertAuditEntry(tx, doing, 'organization.created', { detail: { userId } })
    return { organizationId, userId, organizationSecret, userSecret }
  })
}

/** @throws {OrganizationError} for an unusable one */
export function readOrganizationName(text: string): string {
  const name = text.trim()
  if (name !== '' && name.length <= 255) return name
  throw new OrganizationError('The name of an organization has 1 to 255 characters.')
}

/** The oldest organization and its first user, their secrets opened again for the operator. */
export async function recallFirstAccess(context: {
  db: Db
  vault: Vault
}): Promise<FirstAccess | undefined> {
  const first = await findFirstUser(context.db)
  if (!first) return undefined
  const { organizationId, userId } = first
  return {
    organizationId,
    userId,
    organizationSecret: await recallSecret(context, { organizationId, userId: null }),
    userSecret: await recallSecret(context, { organizationId, userId }),
  }
}
