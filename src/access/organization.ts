import { sql } from 'kysely'
import { type Db, transaction } from '../database/database.ts'
import { createToken, type TokenKind } from '../vault/token.ts'
import { caller, type SecretPlace, type Vault } from '../vault/vault.ts'
import {
  findFirstUser,
  insertAccessSecret,
  insertOrganization,
  insertUser,
  isEmailTaken,
} from './store.ts'

/** What a new organization's first user needs; the secrets are told this once. */
export interface FirstAccess {
  organizationId: number
  userId: number
  organizationSecret: string
  userSecret: string
}

/** A mistake of the operator's, in a sentence. */
export class OrganizationError extends Error {}

/**
 * Makes an organization with its data key and its first user, who is org-admin.
 * @throws {OrganizationError} for an unusable name or e-mail address
 */
export async function createOrganization(
  { db, vault }: { db: Db; vault: Vault },
  given: { name: string; email: string },
): Promise<FirstAccess> {
  const name = given.name.trim()
  const email = given.email.trim().toLowerCase()
  if (name === '' || name.length > 255) {
    throw new OrganizationError('The name of an organization has 1 to 255 characters.')
  }
  if (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > 254) {
    throw new OrganizationError(`"${given.email}" is not an e-mail address.`)
  }
  return transaction(db, async (tx) => {
    if (await isEmailTaken(tx, email)) {
      throw new OrganizationError(`${email} belongs to a user already: take another address.`)
    }
    const organizationId = await nextId(tx, 'organizations_id_seq')
    const userId = await nextId(tx, 'users_id_seq')
    await insertOrganization(tx, { organizationId, name })
    await vault.createDataKey(organizationId, tx)
    await insertUser(tx, { organizationId, id: userId, email, role: 'org-admin' })
    const organizationSecret = await giveSecret(tx, vault, 'organization', organizationId, null)
    const userSecret = await giveSecret(tx, vault, 'user', organizationId, userId)
    return { organizationId, userId, organizationSecret, userSecret }
  })
}

/** The oldest organization and its first user, their secrets opened again for the operator. */
export async function recallFirstAccess({
  db,
  vault,
}: {
  db: Db
  vault: Vault
}): Promise<FirstAccess | undefined> {
  const first = await findFirstUser(db)
  if (!first) return undefined
  const { organizationId, userId } = first
  return {
    organizationId,
    userId,
    organizationSecret: await vault.recall(db, secretPlace(organizationId, null)),
    userSecret: await vault.recall(db, secretPlace(organizationId, userId)),
  }
}

async function giveSecret(
  db: Db,
  vault: Vault,
  kind: TokenKind,
  organizationId: number,
  userId: number | null,
): Promise<string> {
  const secret = createToken(kind, organizationId)
  await insertAccessSecret(db, { organizationId, userId, ...vault.hash(secret) })
  await vault.keep(db, secretPlace(organizationId, userId), secret)
  return secret
}

function secretPlace(organizationId: number, userId: number | null): SecretPlace {
  const owner = userId === null ? `organization/${organizationId}` : `user/${userId}`
  return { organizationId, owner, entry: 'secret', secretVersion: 1, origins: [caller] }
}

async function nextId(db: Db, sequence: string): Promise<number> {
  const { rows } = await sql<{ id: number }>`select nextval(${sequence}) as id`.execute(db.kysely)
  return rows[0]!.id
}
