import { sql } from 'kysely'
import { insertAuditEntry } from '../audit/entry.ts'
import { type Db, transaction } from '../database/database.ts'
import type { Sealed } from '../vault/vault.ts'
import type { CertificateDescription } from './bundle.ts'

/** Under which its key and chain are a secret. */
export const bundleEntry = '$bundle'

export function ownerOf(certificateId: number): string {
  return `certificate/${certificateId}`
}

interface CertificateKey {
  organizationId: number
  id: number
}

/** A certificate as it is stored, without its key and chain. */
export interface CertificateRecord extends CertificateKey, CertificateDescription {
  userId: number
  name: string
  shared: boolean
  secretVersion: number
  createdAt: Date
  updatedAt: Date
  /** Those of its secret. */
  origins: string[]
}

/** What a person states, and what the file says. */
export interface CertificateContent
  extends CertificateDescription,
    Pick<CertificateRecord, 'name' | 'shared'> {}

export interface SealedBundle extends Sealed {
  origins: readonly string[]
}

/** Who did it, for the audit. */
export interface Deed {
  userId: number
  requestId: string
  address: string
}

export async function insertCertificate(
  db: Db,
  key: CertificateKey & { userId: number },
  content: CertificateContent,
  bundle: SealedBundle,
  deed: Deed,
) {
  await transaction(db, async (tx) => {
    await tx.kysely
      .insertInto('certificates')
      .values({ ...key, ...content })
      .execute()
    await insertBundle(tx, { ...key, secretVersion: 1 }, bundle)
    await insertCertificateEntry(tx, key, 'certificate.created', deed)
  })
}

/**
 * Puts other content under the same id.
 * @returns false where someone else did so since `secretVersion`, or deleted it
 */
export function updateCertificate(
  db: Db,
  key: CertificateKey & { userId: number; secretVersion: number },
  content: CertificateContent,
  bundle: SealedBundle,
  deed: Deed,
): Promise<boolean> {
  const { organizationId, id, secretVersion } = key
  return transaction(db, async (tx) => {
    const updated = await tx.kysely
      .updateTable('certificates')
      .set({ ...content, secretVersion: secretVersion + 1, updatedAt: sql<Date>`now()` })
      .where('organizationId', '=', organizationId)
      .where('id', '=', id)
      .where('secretVersion', '=', secretVersion)
      .executeTakeFirst()
    if (updated.numUpdatedRows === 0n) return false
    await deleteBundles(tx, key)
    await insertBundle(tx, { organizationId, id, secretVersion: secretVersion + 1 }, bundle)
    await insertCertificateEntry(tx, key, 'certificate.replaced', deed)
    return true
  })
}

/**
 * With its key and chain; rejects with a violated foreign key where an instance uses it.
 * @returns false where it was not there any more
 */
export function deleteCertificate(db: Db, key: CertificateKey, deed: Deed): Promise<boolean> {
  return transaction(db, async (tx) => {
    const deleted = await tx.kysely
      .deleteFrom('certificates')
      .where('organizationId', '=', key.organizationId)
      .where('id', '=', key.id)
      .returning('userId')
      .executeTakeFirst()
    if (!deleted) return false
    await deleteBundles(tx, key)
    await insertCertificateEntry(tx, { ...key, ...deleted }, 'certificate.deleted', deed)
    return true
  })
}

export function findCertificate(
  db: Db,
  key: CertificateKey,
): Promise<CertificateRecord | undefined> {
  return records(db, key.organizationId).where('certificates.id', '=', key.id).executeTakeFirst()
}

/** In the order of their ids: all of the organization, or what `userId` may use. */
export function listCertificates(
  db: Db,
  asked: { organizationId: number; userId?: number; after: number; limit: number },
): Promise<CertificateRecord[]> {
  const { organizationId, userId, after, limit } = asked
  return records(db, organizationId)
    .where('certificates.id', '>', after)
    .$if(userId !== undefined, (all) =>
      all.where(({ or, eb }) => or([eb('shared', '=', true), eb('userId', '=', userId!)])),
    )
    .orderBy('certificates.id')
    .limit(limit)
    .execute()
}

/** The certificate with its key and chain, still sealed. */
export function findBundle(
  db: Db,
  key: CertificateKey,
): Promise<(CertificateRecord & { sealed: string }) | undefined> {
  return records(db, key.organizationId)
    .select('secrets.sealed')
    .where('certificates.id', '=', key.id)
    .executeTakeFirst()
}

function records(db: Db, organizationId: number) {
  return db.kysely
    .selectFrom('certificates')
    .innerJoin('secrets', (join) =>
      join
        .on('secrets.organizationId', '=', organizationId)
        .on('secrets.owner', '=', sql<string>`'certificate/' || certificates.id`)
        .on('secrets.entry', '=', bundleEntry)
        .onRef('secrets.secretVersion', '=', 'certificates.secretVersion'),
    )
    .selectAll('certificates')
    .select('secrets.origins')
    .where('certificates.organizationId', '=', organizationId)
}

async function insertBundle(
  db: Db,
  { organizationId, id, secretVersion }: CertificateKey & { secretVersion: number },
  { origins, dataKeyId, sealed }: SealedBundle,
) {
  const place = { organizationId, owner: ownerOf(id), entry: bundleEntry, secretVersion }
  await db.kysely
    .insertInto('secrets')
    .values({ ...place, origins: [...origins], dataKeyId, sealed })
    .execute()
}

async function deleteBundles(db: Db, { organizationId, id }: CertificateKey) {
  await db.kysely
    .deleteFrom('secrets')
    .where('organizationId', '=', organizationId)
    .where('owner', '=', ownerOf(id))
    .execute()
}

function insertCertificateEntry(
  db: Db,
  { organizationId, id, userId: ownerId }: CertificateKey & { userId: number },
  action: string,
  deed: Deed,
) {
  const detail = { certificateId: id }
  return insertAuditEntry(db, { organizationId, ...deed }, action, { ownerId, detail })
}
