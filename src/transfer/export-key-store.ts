import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

type Queries = Pick<Db, 'kysely'>

/** A public key for which instances of an organization may leave. */
export interface ExportKeyRecord {
  /** Its thumbprint (RFC 7638): it stands for the whole key. */
  kid: string
  createdAt: Date
  expiresAt: Date
}

interface KeyName {
  organizationId: number
  kid: string
}

const columns = sql`kid, created_at, expires_at`

/** From now on, for so long, whatever was said before; those whose time is over go. */
export async function putExportKey(
  { kysely }: Queries,
  { organizationId, kid }: KeyName,
  lifetimeSeconds: number,
): Promise<ExportKeyRecord> {
  await sql`
    delete from export_keys
    where organization_id = ${organizationId} and expires_at <= now()`.execute(kysely)
  const { rows } = await sql<ExportKeyRecord>`
    insert into export_keys (organization_id, kid, expires_at)
    values (${organizationId}, ${kid}, now() + make_interval(secs => ${lifetimeSeconds}))
    on conflict (organization_id, kid) do update set expires_at = excluded.expires_at
    returning ${columns}`.execute(kysely)
  return rows[0]!
}

/** Those whose time is not over, in the order in which they were allowed. */
export async function findExportKeys(
  { kysely }: Queries,
  organizationId: number,
): Promise<ExportKeyRecord[]> {
  const { rows } = await sql<ExportKeyRecord>`
    select ${columns} from export_keys
    where organization_id = ${organizationId} and expires_at > now()
    order by created_at, kid`.execute(kysely)
  return rows
}

/** @returns false where it was not allowed */
export async function deleteExportKey(
  { kysely }: Queries,
  { organizationId, kid }: KeyName,
): Promise<boolean> {
  const { numDeletedRows } = await kysely
    .deleteFrom('exportKeys')
    .where('organizationId', '=', organizationId)
    .where('kid', '=', kid)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

export async function hasExportKey(
  { kysely }: Queries,
  { organizationId, kid }: KeyName,
): Promise<boolean> {
  const { rows } = await sql`
    select from export_keys
    where organization_id = ${organizationId} and kid = ${kid} and expires_at > now()
  `.execute(kysely)
  return rows.length > 0
}
