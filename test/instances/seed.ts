import { createToken } from '../../src/vault/token.ts'
import { caller } from '../../src/vault/vault.ts'
import type { World } from '../support/world.ts'

/** Stores instances of the world's user in one go, each with its token, as provisioning would. */
export async function seed(
  world: Pick<World, 'context' | 'organizationId' | 'userId'>,
  count: number,
  describe: (at: number) => { name: string; tags: string[] },
): Promise<number[]> {
  const { db, vault } = world.context
  const { organizationId, userId } = world
  const { rows } = await db.pool.query(
    "select nextval('instances_id_seq') as id from generate_series(1, $1)",
    [count],
  )
  const ids: number[] = rows.map(({ id }) => id)
  const seal = await vault.sealerOf(organizationId)
  const seeds = ids.map((id, at) => {
    const place = { owner: `instance/${id}`, entry: '$token', secretVersion: 1, origins: [caller] }
    const token = createToken('instance', organizationId)
    const { hash, pepperId } = vault.hash(token)
    const sealed = seal(place, token)
    return { id, ...describe(at), ...sealed, hash: hash.toString('hex'), pepperId }
  })
  await db.pool.query(
    `with given as (
      select * from jsonb_to_recordset($3)
        as given (id bigint, name text, tags text[], sealed text, "dataKeyId" integer, hash text,
          "pepperId" integer)
    ), stored as (
      insert into instances (organization_id, id, user_id, element_id, element_version, name, tags,
        configuration, authentication_type, settings, state)
      select $1, id, $2, 117, $4, name, tags, '{}', 'soap', '{}', 'verified' from given
    ), known as (
      insert into instance_tokens (organization_id, hash, pepper_id, instance_id)
      select $1, decode(hash, 'hex'), "pepperId", id from given
    )
    insert into secrets
      (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
    select $1, 'instance/' || id, '$token', 1, '{caller}', "dataKeyId", sealed from given`,
    [
      organizationId,
      userId,
      JSON.stringify(seeds),
      (await world.context.elements.find(organizationId, '117'))!.version,
    ],
  )
  return ids
}
