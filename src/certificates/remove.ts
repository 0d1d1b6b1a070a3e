import { isAdmin } from '../access/ownership.ts'
import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { isReferenced } from '../database/failure.ts'
import { Refusal } from '../http/errors.ts'
import { notFound, requireOwner, requireVisible } from './permission.ts'
import { deleteCertificate, findCertificate } from './store.ts'
import { type CertificateUse, listUses } from './uses.ts'

const maxReferences = 100

/**
 * Deletes a certificate with its key and chain.
 * @throws {Refusal} `certificate-in-use`, with the instances that the caller may see
 */
export async function removeCertificate(
  { db }: Pick<Context, 'db'>,
  asked: { principal: Principal; id: number; requestId: string; address: string },
) {
  const { principal, id, requestId, address } = asked
  const { organizationId, user } = principal
  const key = { organizationId, id }
  requireOwner(principal, requireVisible(principal, id, await findCertificate(db, key)))
  try {
    const deed = { userId: user.id, requestId, address }
    if (!(await deleteCertificate(db, key, deed))) throw notFound(id)
  } catch (error) {
    if (!isReferenced(error)) throw error
    const limit = maxReferences
    throw inUse(principal, await listUses(db, { organizationId, certificateId: id, limit }))
  }
}

function inUse(principal: Principal, uses: CertificateUse[]): Refusal {
  const [seen, hidden] = isAdmin(principal)
    ? [uses, []]
    : [
        uses.filter(({ userId }) => userId === principal.user.id),
        uses.filter(({ userId }) => userId !== principal.user.id),
      ]
  const others = hidden.length > 0 ? ` (${hidden.length} of them of other users)` : ''
  const instances = uses.length === 1 ? '1 instance presents' : `${uses.length} instances present`
  return new Refusal('certificate-in-use', {
    message: `${instances} this certificate${others}. Delete them first, or replace the certificate instead.`,
    references: seen.map(({ id, name }) => ({ id, name })),
  })
}
