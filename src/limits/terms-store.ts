import type { Db } from '../database/database.ts'
import type { SharedKind } from './shared-kind.ts'
import type { SharedTerms } from './shared-store.ts'

/** What instances that name it are held to. */
export interface Terms<Kind extends SharedKind = SharedKind> {
  kind: Kind
  id: number
  terms: SharedTerms[Kind]
  revision: number
}

/** Of these rate limits and connection pools, those that are there. */
export async function findTerms(
  { kysely }: Pick<Db, 'kysely'>,
  organizationId: number,
  ids: readonly number[],
): Promise<Terms[]> {
  return kysely
    .selectFrom('sharedLimits')
    .select(['kind', 'id', 'terms', 'revision'])
    .where('organizationId', '=', organizationId)
    .where('id', 'in', ids)
    .execute() as Promise<Terms[]>
}
