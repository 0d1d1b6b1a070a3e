import { randomBytes } from 'node:crypto'
import { createToken } from '../../src/vault/token.ts'
import { caller } from '../../src/vault/vault.ts'
import type { World } from './world.ts'

/** Another user of the world's organization, who is no admin. */
export async function addColleague(
  world: World,
): Promise<{ authorization: string; userId: number }> {
  const { db, vault } = world.context
  const { organizationId } = world
  const { rows } = await db.pool.query("select nextval('users_id_seq') as id")
  const userId: number = rows[0].id
  const { id: accountId } = await db.kysely
    .selectFrom('accounts')
    .select('id')
    .where('organizationId', '=', organizationId)
    .where('isDefault', '=', true)
    .executeTakeFirstOrThrow()
  const email = `${randomBytes(6).toString('hex')}@example.com`
  await db.kysely
    .insertInto('users')
    .values({ organizationId, id: userId, accountId, email, role: 'user' })
    .execute()
  const secret = createToken('user', organizationId)
  await db.kysely
    .insertInto('accessSecrets')
    .values({ organizationId, userId, ...vault.hash(secret) })
    .execute()
  const owner = `user/${userId}`
  const place = { organizationId, owner, entry: 'secret', secretVersion: 1, origins: [caller] }
  await vault.keep(db, place, secret)
  const [, organization] = world.authorization.split(', ')
  return { authorization: `User ${secret}, ${organization}`, userId }
}
