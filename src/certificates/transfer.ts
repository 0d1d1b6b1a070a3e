import { isAdmin } from '../access/ownership.ts'
import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { addCertificate } from './add.ts'
import { readOrigins } from './origins.ts'
import { requireVisible } from './permission.ts'
import { bundleEntry, findBundle, ownerOf } from './store.ts'
import { findAlike } from './transfer-store.ts'

/** A certificate with its key, on its way between two installations. */
export interface MovedCertificate {
  name: string
  fingerprint: string
  origins: string[]
  /** PEM: the certificate, then its issuers. */
  certificate: string
  /** PEM, PKCS#8. */
  key: string
}

/**
 * The certificate that somebody's instance names, for another installation.
 * @throws {Refusal} `certificate-not-found`; `role-insufficient` where it is shared with the caller:
 *   to use it is not to have it
 */
export async function takeCertificateAlong(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  principal: Principal,
  id: number,
): Promise<MovedCertificate> {
  const { organizationId } = principal
  const found = requireVisible(principal, id, await findBundle(db, { organizationId, id }))
  if (!isAdmin(principal) && found.userId !== principal.user.id) {
    throw new Refusal(
      'role-insufficient',
      `The certificate ${id} is shared with you, and stays here. Ask its owner or an admin to export it, or name one of your own.`,
    )
  }
  const { name, fingerprint, origins, secretVersion, sealed } = found
  const place = { organizationId, owner: ownerOf(id), entry: bundleEntry, secretVersion, origins }
  const { certificate, key } = JSON.parse(await vault.openToMove(place, sealed))
  return { name, fingerprint, origins, certificate, key }
}

/**
 * Stores one that came from elsewhere, unless the user has the same for the same origins.
 * @returns its id, and whether it was not there before
 * @throws {Refusal} as `addCertificate` does
 */
export async function settleCertificate(
  context: Parameters<typeof addCertificate>[0],
  asked: { principal: Principal; requestId: string; address: string },
  moved: MovedCertificate,
): Promise<{ id: number; added: boolean }> {
  const { name, fingerprint, certificate, key } = moved
  const origins = readOrigins(moved.origins)
  const { organizationId, user } = asked.principal
  const owned = { organizationId, userId: user.id, fingerprint, origins }
  const id = await findAlike(context.db, owned)
  if (id !== undefined) return { id, added: false }
  const body = { name, origins, certificate, key }
  return { id: (await addCertificate(context, { ...asked, body })).id, added: true }
}
