import { isUsable } from '../access/ownership.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { notFound } from './permission.ts'
import { bundleEntry, findBundle, ownerOf } from './store.ts'

export interface OpenedCertificate {
  /** PEM: the certificate, then its issuers. */
  certificate: string
  /** PEM, PKCS#8. */
  key: string
  fingerprint: string
  notAfter: Date
}

/**
 * The certificate and its key, to be presented to one origin on behalf of a user's instance.
 * @throws {Refusal} `certificate-not-found` where it is neither the user's nor shared, and
 *   `secrets-required` where it was not given for that origin
 */
export async function openCertificate(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  asked: { organizationId: number; userId: number; certificateId: number; destination: string },
): Promise<OpenedCertificate> {
  const { organizationId, userId, certificateId: id, destination } = asked
  const found = await findBundle(db, { organizationId, id })
  if (!found || !isUsable(userId, found)) throw notFound(id)
  const { origins, secretVersion, sealed, fingerprint, notAfter } = found
  if (!origins.includes(destination)) {
    throw new Refusal(
      'secrets-required',
      `The certificate ${id} was not given for ${destination}, but for ${origins.join(', ')}. Send its file again with PUT /certificates/${id}, and this origin among its origins.`,
    )
  }
  const place = { organizationId, owner: ownerOf(id), entry: bundleEntry, secretVersion, origins }
  const { certificate, key } = JSON.parse(await vault.open(place, sealed, destination))
  return { certificate, key, fingerprint, notAfter }
}
