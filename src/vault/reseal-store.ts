import { sql } from 'kysely'
import type { Queries } from './store.ts'

// Pages are of rows looked at, not of rows found, so that no statement runs for long; what is
// sealed comes along only where it is old. A row that claims a key other than that of its envelope
// counts as old, lest its key be removed under it.
const oldSealed = (newest: number) => sql<string | null>`
  case when data_key_id < ${newest} or split_part(sealed, '.', 2) <> data_key_id::text
    then sealed end`

export interface Page<After> {
  organizationId: number
  /** The last row of the page before. */
  after: After | undefined
  limit: number
}

export interface SecretRow {
  owner: string
  entry: string
  secretVersion: number
  origins: string[]
  sealed: string | null
}

/** Some secrets in the order of their key; `sealed` only under a data key older than `newest`. */
export function listSecrets(db: Queries, page: Page<SecretRow> & { newest: number }) {
  const { owner, entry, secretVersion } = page.after ?? { owner: '', entry: '', secretVersion: -1 }
  return db.kysely
    .selectFrom('secrets')
    .select(['owner', 'entry', 'secretVersion', 'origins', oldSealed(page.newest).as('sealed')])
    .where('organizationId', '=', page.organizationId)
    .where(sql<boolean>`(owner, entry, secret_version) > (${owner}, ${entry}, ${secretVersion})`)
    .orderBy('owner')
    .orderBy('entry')
    .orderBy('secretVersion')
    .limit(page.limit)
    .execute()
}

export interface AnswerRow {
  userId: number
  route: string
  key: string
  sealed: string | null
}

/** Some idempotency claims in the order of their key; `sealed` as in `listSecrets`. */
export function listAnswers(db: Queries, page: Page<AnswerRow> & { newest: number }) {
  const { userId, route, key } = page.after ?? { userId: -1, route: '', key: '' }
  return db.kysely
    .selectFrom('idempotencyClaims')
    .select(['userId', 'route', 'key', oldSealed(page.newest).as('sealed')])
    .where('organizationId', '=', page.organizationId)
    .where(sql<boolean>`(user_id, route, key) > (${userId}, ${route}, ${key})`)
    .orderBy('userId')
    .orderBy('route')
    .orderBy('key')
    .limit(page.limit)
    .execute()
}

export type TokenTable = 'access_secrets' | 'instance_tokens'

const owners = {
  access_secrets: sql`coalesce('user/' || t.user_id, 'organization/' || t.organization_id)`,
  instance_tokens: sql`'instance/' || t.instance_id`,
}

export interface TokenRow {
  hash: Buffer
  pepperId: number
  owner: string
  secretVersion: number
  isOld: boolean
  sealed: string | null
}

/** Some tokens in the order of their hash; what they are stands in `secrets`. */
export async function listTokens(
  db: Queries,
  page: Page<TokenRow> & { newest: number; table: TokenTable; entry: string },
): Promise<TokenRow[]> {
  const owner = owners[page.table]
  const { rows } = await sql<TokenRow>`
    select t.hash, t.pepper_id, ${owner} as owner, t.secret_version,
      t.pepper_id < ${page.newest} as is_old, s.sealed
    from ${sql.table(page.table)} t
    left join secrets s on s.organization_id = t.organization_id and s.owner = ${owner}
      and s.entry = ${page.entry} and s.secret_version = t.secret_version
      and t.pepper_id < ${page.newest}
    where t.organization_id = ${page.organizationId} and t.hash > ${page.after?.hash ?? Buffer.of()}
    order by t.hash
    limit ${page.limit}`.execute(db.kysely)
  return rows
}

export interface Resealed<Row> {
  row: Row
  dataKeyId: number
  sealed: string
}

/**
 * Writes only where nobody wrote meanwhile, and skips what is locked: it waits for no transaction of
 * the service, and so can be part of no deadlock. Answers the number of rows written.
 */
export function replaceSecrets(
  db: Queries,
  organizationId: number,
  resealed: Resealed<SecretRow>[],
): Promise<number> {
  const given = resealed.map(({ row, dataKeyId, sealed }) => ({
    owner: row.owner,
    entry: row.entry,
    secret_version: row.secretVersion,
    before: row.sealed,
    data_key_id: dataKeyId,
    sealed,
  }))
  return run(
    db,
    sql`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as rows (
        owner text, entry text, secret_version integer, before text, data_key_id integer, sealed text)
    ), held as (
      select given.* from given join secrets s using (owner, entry, secret_version)
      where s.organization_id = ${organizationId} and s.sealed = given.before
      for update of s skip locked
    )
    update secrets s set data_key_id = held.data_key_id, sealed = held.sealed from held
    where s.organization_id = ${organizationId} and s.owner = held.owner
      and s.entry = held.entry and s.secret_version = held.secret_version`,
  )
}

/** As `replaceSecrets`, for saved answers. */
export function replaceAnswers(
  db: Queries,
  organizationId: number,
  resealed: Resealed<AnswerRow>[],
): Promise<number> {
  const given = resealed.map(({ row, dataKeyId, sealed }) => ({
    user_id: row.userId,
    route: row.route,
    key: row.key,
    before: row.sealed,
    data_key_id: dataKeyId,
    sealed,
  }))
  return run(
    db,
    sql`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as rows (
        user_id bigint, route text, key text, before text, data_key_id integer, sealed text)
    ), held as (
      select given.* from given join idempotency_claims c using (user_id, route, key)
      where c.organization_id = ${organizationId} and c.sealed = given.before
      for update of c skip locked
    )
    update idempotency_claims c set data_key_id = held.data_key_id, sealed = held.sealed from held
    where c.organization_id = ${organizationId} and c.user_id = held.user_id
      and c.route = held.route and c.key = held.key`,
  )
}

/** As `replaceSecrets`, for the hashes of tokens. */
export function replaceHashes(
  db: Queries,
  table: TokenTable,
  organizationId: number,
  rehashed: { row: TokenRow; pepperId: number; hash: Buffer }[],
): Promise<number> {
  const given = rehashed.map(({ row, pepperId, hash }) => ({
    before: row.hash.toString('hex'),
    pepper_id: pepperId,
    hash: hash.toString('hex'),
  }))
  return run(
    db,
    sql`
    with held as (
      select t.hash as before, decode(given.hash, 'hex') as hash, given.pepper_id
      from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as given (
        before text, pepper_id integer, hash text)
      join ${sql.table(table)} t on t.hash = decode(given.before, 'hex')
      where t.organization_id = ${organizationId}
      for update of t skip locked
    )
    update ${sql.table(table)} t set hash = held.hash, pepper_id = held.pepper_id from held
    where t.organization_id = ${organizationId} and t.hash = held.before`,
  )
}

async function run(db: Queries, statement: ReturnType<typeof sql>): Promise<number> {
  return Number((await statement.execute(db.kysely)).numAffectedRows)
}
