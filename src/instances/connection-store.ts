import type pg from 'pg'
import type { Principal } from '../access/store.ts'
import { type Db, prepared } from '../database/database.ts'
import {
  type InstanceRecord,
  type InstanceTimes,
  instanceColumns,
  ownerOf,
  secretsOf,
} from './store.ts'

export interface StoredSecret {
  entry: string
  secretVersion: number
  origins: string[]
  sealed: string
}

/** An instance with whose it is. */
export interface StoredRecord extends InstanceRecord, InstanceTimes {
  disabled: boolean
  revision: number
  user: Principal['user']
}

/** All that is stored of an instance. */
export interface StoredRow extends StoredRecord {
  secrets: StoredSecret[]
}

const findStatement = {
  name: 'find-stored-instance',
  text: `
    select ${instanceColumns},
      json_build_object('id', u.id, 'emailAddress', u.email, 'firstName', u.first_name,
        'lastName', u.last_name, 'role', u.role) as user,
      (select json_agg(s) from (
        select entry, secret_version as "secretVersion", origins, sealed
        from ${secretsOf('$3')} order by secret_version desc
      ) s) as secrets
    from instances i join users u on u.organization_id = $1 and u.id = i.user_id
    where i.organization_id = $1 and i.id = $2`,
}

/**
 * The instance with its sealed secrets, as they were at one moment; of several versions, which tokens
 * of ours have while one takes the place of another, the newest first.
 */
export async function findStored(
  { pool }: Pick<Db, 'pool'>,
  { organizationId, id }: { organizationId: number; id: number },
): Promise<StoredRow | undefined> {
  const values = [organizationId, id, ownerOf(id)]
  const [row] = await prepared<StoredRow & pg.QueryResultRow>(pool, findStatement, values)
  return row
}
