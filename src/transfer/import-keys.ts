import type { Principal } from '../access/store.ts'
import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import { caller } from '../vault/vault.ts'
import {
  deleteExpired,
  deleteImportKey,
  findImportKey,
  type ImportKeyRecord,
  insertImportKey,
  listImportKeys,
  lockUser,
  ownerOf,
  privateKeyEntry,
} from './import-key-store.ts'
import type { ImportKey } from './import-schema.ts'
import { createKeyPair } from './sealing.ts'

const maxKeys = 20

/**
 * Makes a key pair whose private half stays in the vault.
 * @throws {Refusal} `import-keys-too-many`
 */
export async function addImportKey(
  context: Pick<Context, 'db' | 'vault' | 'importKeyIds'>,
  deed: Deed & { userId: number },
  lifetimeSeconds: number,
): Promise<ImportKey> {
  const { organizationId, userId } = deed
  const id = await context.importKeyIds.next()
  const { publicKey, privateKey } = await createKeyPair()
  const seal = await context.vault.sealerOf(organizationId)
  const place = { owner: ownerOf(id), entry: privateKeyEntry, secretVersion: 1, origins: [caller] }
  return transaction(context.db, async (tx) => {
    const owner = { organizationId, userId }
    await lockUser(tx, owner)
    await deleteExpired(tx, owner)
    if ((await listImportKeys(tx, owner)).length >= maxKeys) throw tooMany()
    const record = await insertImportKey(tx, { ...owner, id, publicKey, lifetimeSeconds })
    await tx.kysely
      .insertInto('secrets')
      .values({ organizationId, ...place, ...seal(place, privateKey) })
      .execute()
    await insertAuditEntry(tx, deed, 'import-key.created', { detail: { importKeyId: id } })
    return show(record)
  })
}

/** Those that can still be used. */
export async function getImportKeys(
  { db }: Pick<Context, 'db'>,
  { organizationId, user }: Principal,
): Promise<ImportKey[]> {
  return (await listImportKeys(db, { organizationId, userId: user.id })).map(show)
}

/**
 * From now on nothing opens that was sealed for it.
 * @throws {Refusal} `import-key-not-found`
 */
export async function removeImportKey(
  { db }: Pick<Context, 'db'>,
  deed: Deed & { userId: number },
  id: number,
): Promise<void> {
  await transaction(db, async (tx) => {
    if (!(await deleteImportKey(tx, { ...deed, id }))) {
      throw new Refusal('import-key-not-found', `You have no import key with the id ${id}.`)
    }
    await insertAuditEntry(tx, deed, 'import-key.deleted', { detail: { importKeyId: id } })
  })
}

/**
 * The private half of the user's key of that name.
 * @throws {Refusal} `import-key-not-found` where it is not the user's, was revoked or is long over;
 *   `import-key-expired`
 */
export async function openImportKey(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  { organizationId, user }: Principal,
  kid: string,
): Promise<string> {
  const found = await findImportKey(db, { organizationId, userId: user.id, kid })
  if (!found) {
    throw new Refusal(
      'import-key-not-found',
      'The line is sealed for a key that is none of yours here, was revoked, or is long over. Make one with POST /imports/keys, and export again for that one.',
    )
  }
  if (found.expired) {
    throw new Refusal(
      'import-key-expired',
      `The import key ${found.id} ended at ${found.expiresAt.toISOString()}. Make another one with POST /imports/keys, and export again for that one.`,
    )
  }
  const place = { owner: ownerOf(found.id), entry: privateKeyEntry, secretVersion: 1 }
  return vault.recall(db, { organizationId, ...place, origins: [caller] })
}

function show({ id, publicKey, createdAt, expiresAt }: ImportKeyRecord): ImportKey {
  const times = { createdDate: createdAt.toISOString(), expiresAt: expiresAt.toISOString() }
  return { id, publicKey, ...times }
}

function tooMany(): Refusal {
  return new Refusal(
    'import-keys-too-many',
    `You have ${maxKeys} import keys that can still be used. Revoke one with DELETE /imports/keys/{id}.`,
  )
}
