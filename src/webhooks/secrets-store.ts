import { type Insertable, sql } from 'kysely'
import type { Db } from '../database/database.ts'
import type { Tables } from '../database/tables.ts'

/** A version of a signing secret, as it is stored. */
export interface SealedVersion {
  secretVersion: number
  origins: string[]
  sealed: string
}

type Queries = Pick<Db, 'kysely'>

export async function insertSigningSecret(db: Queries, secret: Insertable<Tables['secrets']>) {
  await db.kysely.insertInto('secrets').values(secret).execute()
}

/** Those before `version`. */
export async function deleteOlderSecrets(
  db: Queries,
  { organizationId, id, version }: { organizationId: number; id: number; version: number },
) {
  await db.kysely
    .deleteFrom('secrets')
    .where('organizationId', '=', organizationId)
    .where('owner', '=', `webhook/${id}`)
    .where('secretVersion', '<', version)
    .execute()
}

/** Those that sign by now, the newest first. */
export async function listSigningSecrets(
  db: Queries,
  webhook: {
    organizationId: number
    id: number
    secretVersion: number
    previousUntil: Date | null
  },
): Promise<SealedVersion[]> {
  const { organizationId, id, secretVersion, previousUntil } = webhook
  const overlaps = sql<boolean>`${previousUntil}::timestamptz > now()`
  return db.kysely
    .selectFrom('secrets')
    .select(['secretVersion', 'origins', 'sealed'])
    .where('organizationId', '=', organizationId)
    .where('owner', '=', `webhook/${id}`)
    .where((is) => is.or([is('secretVersion', '=', secretVersion), overlaps]))
    .orderBy('secretVersion', 'desc')
    .execute()
}
