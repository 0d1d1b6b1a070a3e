import { type Deed, insertAuditEntry } from '../audit/entry.ts'
import { type Db, transaction } from '../database/database.ts'
import { createToken } from '../vault/token.ts'
import { caller, type Sealer, type Vault } from '../vault/vault.ts'
import {
  endSecrets,
  findNewestSecret,
  insertAccessSecret,
  lockOwner,
  ownerOf,
  type SecretOwner,
  secretEntry,
} from './secrets-store.ts'
import { endTokensBySecrets } from './sign-in-store.ts'

/** How long a secret goes on working when another takes its place, where nobody says. */
export const defaultOverlapSeconds = 86_400

/**
 * Makes a secret for a caller and stores it.
 * @param seal of the owner's organization, asked for before the transaction that `db` is
 */
export async function giveSecret(
  { db, vault, seal }: { db: Db; vault: Vault; seal: Sealer },
  owner: SecretOwner,
  secretVersion = 1,
): Promise<string> {
  const secret = createToken(owner.userId === null ? 'organization' : 'user', owner.organizationId)
  const origins = [caller]
  const place = { owner: ownerOf(owner), entry: secretEntry, secretVersion, origins }
  const sealed = { ...seal(place, secret), origins }
  await insertAccessSecret(db, { ...owner, secretVersion }, vault.hash(secret), sealed)
  return secret
}

/** The newest secret, opened for its owner or the operator. */
export async function recallSecret(
  { db, vault }: { db: Db; vault: Vault },
  owner: SecretOwner,
): Promise<string> {
  const { organizationId } = owner
  const { sealed, ...newest } = await findNewestSecret(db, owner)
  const place = { organizationId, owner: ownerOf(owner), entry: secretEntry, ...newest }
  return vault.open(place, sealed, caller)
}

/**
 * Gives a new secret, which works at once; those before it go on working for the overlap. So does
 * what was signed in to before by secrets of this owner: whoever knew the old one may have done so.
 * @returns the secret, told this once, and when those before it end
 */
export async function rotateSecret(
  { db, vault }: { db: Db; vault: Vault },
  owner: SecretOwner,
  { overlapSeconds = defaultOverlapSeconds, deed }: { overlapSeconds?: number; deed: Deed },
): Promise<{ secret: string; previousExpiresAt: Date }> {
  const seal = await vault.sealerOf(owner.organizationId)
  return transaction(db, async (tx) => {
    await lockOwner(tx, owner)
    const version = (await findNewestSecret(tx, owner)).secretVersion + 1
    const secret = await giveSecret({ db: tx, vault, seal }, owner, version)
    const previousExpiresAt = await endSecrets(tx, { ...owner, version, overlapSeconds })
    const { organizationId, userId } = owner
    await endTokensBySecrets(tx, { organizationId, userId }, previousExpiresAt)
    const kind = owner.userId === null ? 'organization' : 'user'
    await insertAuditEntry(tx, deed, `${kind}.secret-rotated`, {
      ownerId: owner.userId,
      detail: { ...(owner.userId !== null && { userId: owner.userId }), overlapSeconds },
    })
    return { secret, previousExpiresAt }
  })
}
