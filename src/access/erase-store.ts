import { sql } from 'kysely'
import type { Db } from '../database/database.ts'

type Queries = Pick<Db, 'kysely'>

interface UserKey {
  organizationId: number
  userId: number
}

/** Nobody knows any more who it was, and no secret of theirs opens anything. */
export async function forgetPerson({ kysely }: Queries, { organizationId, userId }: UserKey) {
  await kysely
    .updateTable('users')
    .set({ email: `erased-${userId}@invalid`, firstName: '', lastName: '', active: false })
    .where('organizationId', '=', organizationId)
    .where('id', '=', userId)
    .execute()
  for (const table of ['logins', 'accessSecrets', 'passwords', 'signInTokens'] as const) {
    await kysely
      .deleteFrom(table)
      .where('organizationId', '=', organizationId)
      .where('userId', '=', userId)
      .execute()
  }
  await kysely
    .deleteFrom('secrets')
    .where('organizationId', '=', organizationId)
    .where('owner', '=', `user/${userId}`)
    .execute()
}

/** Where from they came is forgotten, in the audit, page by page. */
export async function forgetAddresses(
  { kysely }: Queries,
  { organizationId, userId, limit }: UserKey & { limit: number },
  after: { at: Date; id: number } | undefined,
): Promise<{ at: Date; id: number } | undefined> {
  await sql`select set_config('latchkey.audit', 'erasure', true)`.execute(kysely)
  const { rows } = await sql<{ at: Date; id: number }>`
    with page as (
      select at, id from audit_entries
      where organization_id = ${organizationId} and user_id = ${userId}
        ${after ? sql`and (at, id) > (${after.at}, ${after.id})` : sql``}
      order by at, id limit ${limit}
    ), forgotten as (
      update audit_entries set address = null from page
      where audit_entries.organization_id = ${organizationId} and audit_entries.at = page.at
        and audit_entries.id = page.id and address is not null
    )
    select at, id from page order by at desc, id desc limit 1`.execute(kysely)
  return rows[0]
}

export async function deletePerson({ kysely }: Queries, { organizationId, userId }: UserKey) {
  await kysely
    .deleteFrom('users')
    .where('organizationId', '=', organizationId)
    .where('id', '=', userId)
    .execute()
}

/** Whether others' instances use what this user shares. */
export async function isSharing(
  { kysely }: Queries,
  { organizationId, userId }: UserKey,
): Promise<boolean> {
  const { rows } = await sql<{ sharing: boolean }>`
    select exists (
      select from certificates c
      join certificate_uses u on u.organization_id = ${organizationId} and u.certificate_id = c.id
      join instances i on i.organization_id = ${organizationId} and i.id = u.instance_id
      where c.organization_id = ${organizationId} and c.user_id = ${userId}
        and i.user_id <> ${userId}
    ) or exists (
      select from oauth_apps a
      join instances i on i.organization_id = ${organizationId} and i.oauth_app_id = a.id
      where a.organization_id = ${organizationId} and a.user_id = ${userId}
        and i.user_id <> ${userId}
    ) or exists (
      select from shared_limits l
      join instances i on i.organization_id = ${organizationId}
        and (i.rate_limit_id = l.id or i.connection_pool_id = l.id)
      where l.organization_id = ${organizationId} and l.user_id = ${userId}
        and i.user_id <> ${userId}
    ) as sharing`.execute(kysely)
  return rows[0]!.sharing
}
