import type pg from 'pg'
import { type Db, prepared } from '../database/database.ts'
import type { Scalar } from '../definition/configuration.ts'

/** An instance as far as a consent to connect it anew is concerned. */
export interface OwnInstance {
  elementId: number
  authenticationType: string
  configuration: Record<string, Scalar>
  oauthAppId: number | null
}

const statement = {
  name: 'find-instance-to-authorize',
  text: `
    select element_id as "elementId", authentication_type as "authenticationType", configuration,
      oauth_app_id as "oauthAppId"
    from instances where organization_id = $1 and id = $2 and user_id = $3`,
}

/** That of the user. */
export async function findOwnInstance(
  { pool }: Pick<Db, 'pool'>,
  key: { organizationId: number; id: number; userId: number },
): Promise<OwnInstance | undefined> {
  const values = [key.organizationId, key.id, key.userId]
  const [row] = await prepared<OwnInstance & pg.QueryResultRow>(pool, statement, values)
  return row
}
