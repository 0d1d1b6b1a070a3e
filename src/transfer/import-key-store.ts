import { sql } from 'kysely'
import type { Db } from '../database/database.ts'
import type { PublicJwk } from './sealing.ts'

type Queries = Pick<Db, 'kysely'>

export interface ImportKeyRecord {
  id: number
  kid: string
  publicKey: PublicJwk
  createdAt: Date
  expiresAt: Date
  /** By the database's clock. */
  expired: boolean
}

interface Owner {
  organizationId: number
  userId: number
}

/** Under which the private key is a secret, of the owner that `ownerOf` names. */
export const privateKeyEntry = 'private-key'

export function ownerOf(importKeyId: number): string {
  return `import-key/${importKeyId}`
}

const columns = sql`id, kid, public_key, created_at, expires_at, expires_at <= now() as expired`

/** Until the end of the transaction the user makes no other. */
export async function lockUser({ kysely }: Queries, { organizationId, userId }: Owner) {
  await kysely
    .selectFrom('users')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('id', '=', userId)
    .forNoKeyUpdate()
    .execute()
}

/** Those of the user whose time is over go, with their private keys. */
export async function deleteExpired({ kysely }: Queries, { organizationId, userId }: Owner) {
  await kysely
    .deleteFrom('importKeys')
    .where('organizationId', '=', organizationId)
    .where('userId', '=', userId)
    .where('expiresAt', '<=', sql<Date>`now()`)
    .execute()
}

export async function insertImportKey(
  { kysely }: Queries,
  given: Owner & { id: number; publicKey: PublicJwk; lifetimeSeconds: number },
): Promise<ImportKeyRecord> {
  const { organizationId, userId, id, publicKey, lifetimeSeconds } = given
  const { rows } = await sql<ImportKeyRecord>`
    insert into import_keys (organization_id, id, user_id, kid, public_key, expires_at)
    values (${organizationId}, ${id}, ${userId}, ${publicKey.kid}, ${JSON.stringify(publicKey)},
      now() + make_interval(secs => ${lifetimeSeconds}))
    returning ${columns}`.execute(kysely)
  return rows[0]!
}

/** The user's, in the order of their ids, without those whose time is over. */
export async function listImportKeys(
  { kysely }: Queries,
  { organizationId, userId }: Owner,
): Promise<ImportKeyRecord[]> {
  const { rows } = await sql<ImportKeyRecord>`
    select ${columns} from import_keys
    where organization_id = ${organizationId} and user_id = ${userId} and expires_at > now()
    order by id`.execute(kysely)
  return rows
}

/** The user's key of that name, also where its time is over. */
export async function findImportKey(
  { kysely }: Queries,
  { organizationId, userId, kid }: Owner & { kid: string },
): Promise<ImportKeyRecord | undefined> {
  const { rows } = await sql<ImportKeyRecord>`
    select ${columns} from import_keys
    where organization_id = ${organizationId} and user_id = ${userId} and kid = ${kid}
  `.execute(kysely)
  return rows[0]
}

/** @returns false where the user has none of that id */
export async function deleteImportKey(
  { kysely }: Queries,
  { organizationId, userId, id }: Owner & { id: number },
): Promise<boolean> {
  const { numDeletedRows } = await kysely
    .deleteFrom('importKeys')
    .where('organizationId', '=', organizationId)
    .where('userId', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
  return numDeletedRows > 0n
}
