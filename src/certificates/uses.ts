import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

export interface CertificateUse {
  id: number
  name: string
  userId: number
}

/** The instances that use a certificate, so many at most, without those of the user `except`. */
export async function listUses(
  db: Db,
  asked: { organizationId: number; certificateId: number; limit: number; except?: number },
): Promise<CertificateUse[]> {
  const { organizationId, certificateId, limit, except = null } = asked
  const { rows } = await sql<CertificateUse>`
    select i.id, i.name, i.user_id
    from certificate_uses u
    join instances i on i.organization_id = ${organizationId} and i.id = u.instance_id
    where u.organization_id = ${organizationId} and u.certificate_id = ${certificateId}
      and i.user_id is distinct from ${except}::bigint
    order by i.id limit ${limit}`.execute(db.kysely)
  return rows
}
