import { type Db, prepared } from '../database/database.ts'

/** Who calls: a user of an organization, found by the two secrets. */
export interface Principal {
  organizationId: number
  user: {
    id: number
    emailAddress: string
    firstName: string
    lastName: string
    role: 'user' | 'org-admin'
  }
}

const callerStatement = {
  name: 'find-caller',
  text: `
    select u.id, u.email, u.first_name, u.last_name, u.role,
      u.id is not null and u.active as user_known,
      o.organization_id is not null and o.disabled_at is null as organization_known
    from (select $1::bigint as organization_id) asked
    left join access_secrets us on us.organization_id = asked.organization_id
      and us.hash = any($2::bytea[]) and us.user_id is not null
    left join users u on u.organization_id = us.organization_id and u.id = us.user_id
    left join access_secrets os on os.organization_id = asked.organization_id
      and os.hash = any($3::bytea[]) and os.user_id is null
    left join organizations o on o.organization_id = os.organization_id`,
}

interface CallerRow {
  id: number
  email: string
  first_name: string
  last_name: string
  role: 'user' | 'org-admin'
  user_known: boolean
  organization_known: boolean
}

/** Whether the organization's secret is known, and whose both are where they belong together. */
export async function findCaller(
  db: Db,
  asked: { organizationId: number; userHashes: Buffer[]; organizationHashes: Buffer[] },
): Promise<{ organizationKnown: boolean; principal: Principal | undefined }> {
  const { organizationId, userHashes, organizationHashes } = asked
  const [row] = await prepared<CallerRow>(db.pool, callerStatement, [
    organizationId,
    userHashes,
    organizationHashes,
  ])
  if (!row?.user_known || !row.organization_known) {
    return { organizationKnown: row?.organization_known ?? false, principal: undefined }
  }
  const { id, email, first_name: firstName, last_name: lastName, role } = row
  const user = { id, emailAddress: email, firstName, lastName, role }
  return { organizationKnown: true, principal: { organizationId, user } }
}

export function insertOrganization(db: Db, organization: { organizationId: number; name: string }) {
  return db.kysely.insertInto('organizations').values(organization).execute()
}

export async function insertUser(
  db: Db,
  user: { organizationId: number; id: number; email: string; role: 'user' | 'org-admin' },
) {
  await db.kysely.insertInto('users').values(user).execute()
  await db.kysely
    .insertInto('logins')
    .values({ email: user.email, organizationId: user.organizationId, userId: user.id })
    .execute()
}

export function insertAccessSecret(
  db: Db,
  secret: { organizationId: number; userId: number | null; hash: Buffer; pepperId: number },
) {
  return db.kysely.insertInto('accessSecrets').values(secret).execute()
}

export async function isEmailTaken(db: Db, email: string): Promise<boolean> {
  const row = await db.kysely
    .selectFrom('logins')
    .select('userId')
    .where('email', '=', email)
    .executeTakeFirst()
  return row !== undefined
}

export async function findFirstUser(
  db: Db,
): Promise<{ organizationId: number; userId: number } | undefined> {
  return db.kysely
    .selectFrom('users')
    .select(['organizationId', 'id as userId'])
    .orderBy('organizationId')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
}
