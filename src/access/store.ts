import { sql } from 'kysely'
import { type Db, prepared } from '../database/database.ts'

/** Who calls: a user of an organization. */
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

/** By whose secrets, or whose bearer token, a caller is looked up: hashed under every pepper. */
export type Asked =
  | {
      organizationId: number
      userHashes: Buffer[]
      /** Left out for calls through an instance, whose token names the organization. */
      organizationHashes?: Buffer[]
    }
  | { organizationId: number; bearerHashes: Buffer[] }

export interface Found {
  /** Whether the organization's secret is known, or its bearer token. */
  organizationKnown: boolean
  principal: Principal | undefined
  /** In how many milliseconds that is true no more; undefined where no end is known. */
  endsInMs: number | undefined
}

const callerColumns = `u.id, u.email, u.first_name, u.last_name, u.role,
      u.id is not null and u.active and a.active as user_known`

const secretsStatement = {
  name: 'find-caller',
  text: `
    select ${callerColumns},
      o.organization_id is not null and o.disabled_at is null as organization_known,
      (extract(epoch from least(us.expires_at, os.expires_at) - now()) * 1000)::float8 as ends_in_ms
    from (select $1::bigint as organization_id) asked
    left join access_secrets us on us.organization_id = asked.organization_id
      and us.hash = any($2::bytea[]) and us.user_id is not null
      and (us.expires_at is null or us.expires_at > now())
    left join users u on u.organization_id = us.organization_id and u.id = us.user_id
    left join accounts a on a.organization_id = u.organization_id and a.id = u.account_id
    left join access_secrets os on os.organization_id = asked.organization_id
      and os.hash = any($3::bytea[]) and os.user_id is null
      and (os.expires_at is null or os.expires_at > now())
    left join organizations o on o.organization_id = os.organization_id`,
}

const userStatement = {
  name: 'find-caller-by-user-secret',
  text: `
    select ${callerColumns}, o.disabled_at is null as organization_known,
      (extract(epoch from s.expires_at - now()) * 1000)::float8 as ends_in_ms
    from access_secrets s
    join organizations o on o.organization_id = s.organization_id
    join users u on u.organization_id = s.organization_id and u.id = s.user_id
    join accounts a on a.organization_id = s.organization_id and a.id = u.account_id
    where s.organization_id = $1 and s.hash = any($2::bytea[])
      and (s.expires_at is null or s.expires_at > now())`,
}

const bearerStatement = {
  name: 'find-caller-by-bearer',
  text: `
    select ${callerColumns}, o.disabled_at is null as organization_known,
      (extract(epoch from t.expires_at - now()) * 1000)::float8 as ends_in_ms
    from sign_in_tokens t
    join organizations o on o.organization_id = t.organization_id
    join users u on u.organization_id = t.organization_id and u.id = t.user_id
    join accounts a on a.organization_id = t.organization_id and a.id = u.account_id
    where t.organization_id = $1 and t.hash = any($2::bytea[]) and t.expires_at > now()`,
}

interface CallerRow {
  id: number
  email: string
  first_name: string
  last_name: string
  role: 'user' | 'org-admin'
  user_known: boolean
  organization_known: boolean
  ends_in_ms: number | null
}

/** Who calls, where both secrets belong together, or the bearer token is still good. */
export async function findCaller(db: Db, asked: Asked): Promise<Found> {
  const { organizationId } = asked
  const [row] = await findRow(db, asked)
  const organizationKnown = row?.organization_known ?? false
  if (!row?.user_known || !organizationKnown) {
    return { organizationKnown, principal: undefined, endsInMs: undefined }
  }
  const { id, email, first_name: firstName, last_name: lastName, role, ends_in_ms } = row
  const user = { id, emailAddress: email, firstName, lastName, role }
  const principal = { organizationId, user }
  return { organizationKnown, principal, endsInMs: ends_in_ms ?? undefined }
}

function findRow({ pool }: Db, asked: Asked): Promise<CallerRow[]> {
  const { organizationId } = asked
  if ('bearerHashes' in asked) {
    return prepared(pool, bearerStatement, [organizationId, asked.bearerHashes])
  }
  const { userHashes, organizationHashes } = asked
  return organizationHashes
    ? prepared(pool, secretsStatement, [organizationId, userHashes, organizationHashes])
    : prepared(pool, userStatement, [organizationId, userHashes])
}

export function insertOrganization(db: Db, organization: { organizationId: number; name: string }) {
  return db.kysely.insertInto('organizations').values(organization).execute()
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

/** The next number of a sequence. */
export async function nextId(db: Db, sequence: string): Promise<number> {
  const { rows } = await sql<{ id: number }>`select nextval(${sequence}) as id`.execute(db.kysely)
  return rows[0]!.id
}
