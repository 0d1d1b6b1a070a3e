import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { identify } from '../../src/access/identify.ts'
import type { FirstAccess } from '../../src/access/organization.ts'
import { RetireError, retire } from '../../src/vault/retire.ts'
import { rotate } from '../../src/vault/rotate.ts'
import { tokenEntry } from '../../src/vault/token.ts'
import { caller, type Vault } from '../../src/vault/vault.ts'
import { listGenerations, listKeys } from './generations.ts'
import { uncached } from './uncached.ts'
import {
  createWorld,
  findInstanceOf,
  giveInstance,
  giveOrganization,
  kek,
  passwordOf,
  readSecret,
  saveAnswer,
  storeSecret,
  type World,
} from './world.ts'

const [first, second] = [kek('k-1'), kek('k-2')]
const quick = { settleMs: 0 }
const settled = { settledMs: 0 }
const place = () => passwordOf(organizationId, 1)
let world: World
let old: Vault
let access: FirstAccess
let organizationId: number

beforeEach(async () => {
  world = await createWorld()
  old = await world.vault(first)
  access = await giveOrganization(world.db, old)
  organizationId = access.organizationId
  await storeSecret(world.db, old, place(), 'password')
})

afterEach(() => world[Symbol.asyncDispose]())

async function refused(vault: Vault, sentence: string, kekId?: string) {
  const before = await listKeys(world.db, organizationId)
  const refusal = await retire(world.db, vault, { ...settled, kekId }).catch((error) => error)
  expect(refusal).toBeInstanceOf(RetireError)
  expect(refusal.message).toBe(sentence)
  expect(await listKeys(world.db, organizationId)).toEqual(before)
}

describe('retiring is refused, and removes nothing,', () => {
  test('while a row is left that needs an old key, which is named', async () => {
    await world.db.pool.query("update secrets set entry = 'other' where owner = 'instance/1'")
    const vault = await world.vault(second, first)
    await rotate(world.db, vault, quick)
    await refused(
      vault,
      `1 row is still sealed under older keys and cannot be opened. Remove what cannot be restored: secret "other", version 1, of instance/1, organization ${organizationId}: does not open here.`,
    )
    await world.db.pool.query("delete from secrets where owner = 'instance/1'")
    await retire(world.db, vault, settled)
  })

  test('while a transaction holds a row that needs an old key', async () => {
    const vault = await world.vault(second, first)
    const holder = await world.db.pool.connect()
    await holder.query("begin; select from secrets where owner = 'instance/1' for update")
    await rotate(world.db, vault, quick)
    await refused(vault, '1 row is in use by others right now: run `retire` again.')
    await holder.query('rollback')
    holder.release()
    await retire(world.db, vault, settled)
    expect(await readSecret(world.db, await world.vault(second), place())).toBe('password')
  })

  test('before everything was turned to the active key', async () => {
    const says = 'The active key "k-2" is not the one that was turned to last: run `rotate` first.'
    await refused(await world.vault(second, first), says)
    await rotate(world.db, old, quick)
    await refused(await world.vault(second, first), says)
  })

  test('while a rotation is not finished', async () => {
    await world.db.pool.query("insert into key_rotations (kek_id) values ('k-2')")
    await refused(
      await world.vault(second, first),
      'A rotation was begun and is not finished: run `rotate` to finish it.',
    )
  })

  test('for the active key, and for one that nothing is wrapped under', async () => {
    await refused(old, '"k-1" is the active key: put a new one before it and run `rotate`.', 'k-1')
    await refused(old, 'Nothing is wrapped under "k-9" (any more).', 'k-9')
  })

  test('when what would be kept does not open with the active key', async () => {
    const vault = await world.vault(second, first)
    await rotate(world.db, vault, quick)
    const { rows } = await world.db.pool.query(
      "select wrapped from data_keys where kek_id = 'k-2' and id = 1",
    )
    await world.db.pool.query("update data_keys set wrapped = $1 where kek_id = 'k-2' and id = 2", [
      rows[0].wrapped,
    ])
    await expect(retire(world.db, vault, settled)).rejects.toThrow(/does not open/)
    const { keks } = await listKeys(world.db, organizationId)
    expect(keks).toEqual(['k-1', 'k-2'])
  })
})

describe('after a rotation and retiring', () => {
  test('the old key is needed no more, and every secret and token goes on working', async () => {
    const token = await giveInstance(world.db, old, access, 1000)
    const vault = await world.vault(second, first)
    await rotate(world.db, vault, quick)
    const retired = await retire(world.db, vault, settled)
    expect(retired).toMatchObject({
      kekIds: ['k-1'],
      removed: { dataKeys: 1, peppers: 1 },
      kept: { dataKeys: 0, peppers: 0 },
    })
    expect(await listKeys(world.db, organizationId)).toEqual({
      dataKeys: [2],
      peppers: [2],
      keks: ['k-2'],
    })
    await expect(world.vault(first)).rejects.toThrow('"k-2"; at hand: k-1')

    const fresh = await world.vault(second)
    const header = `User ${access.userSecret}, Organization ${access.organizationSecret}`
    const principal = await identify({ callers: uncached(world.db), vault: fresh }, header)
    expect(principal.user.id).toBe(access.userId)
    expect(await findInstanceOf(world.db, fresh, organizationId, token)).toBe(1000)
    expect(await readSecret(world.db, fresh, place())).toBe('password')
    const own = { ...place(), owner: 'instance/1000', entry: tokenEntry, origins: [caller] }
    expect(await readSecret(world.db, fresh, own)).toBe(token)
  })

  test('with the new key alone at hand, the old wraps go as well', async () => {
    await rotate(world.db, await world.vault(second, first), quick)
    const retired = await retire(world.db, await world.vault(second), settled)
    expect(retired.kekIds).toEqual(['k-1'])
    expect((await listKeys(world.db, organizationId)).keks).toEqual(['k-2'])
  })

  test('one of several old keys can go alone', async () => {
    const third = kek('k-3')
    await rotate(world.db, await world.vault(second, first), quick)
    const vault = await world.vault(third, second, first)
    await rotate(world.db, vault, quick)
    expect((await retire(world.db, vault, { ...settled, kekId: 'k-1' })).kekIds).toEqual(['k-1'])
    expect((await listKeys(world.db, organizationId)).keks).toEqual(['k-2', 'k-3'])
  })

  test('keys that were superseded within the hour stay, since services may still use them', async () => {
    const birth = 'select min(created_at) as birth from data_keys where id = 1'
    const born = (await world.db.pool.query(birth)).rows
    const vault = await world.vault(second, first)
    await rotate(world.db, vault, quick)
    const retired = await retire(world.db, vault)
    expect((await world.db.pool.query(birth)).rows).toEqual(born)
    expect(retired).toMatchObject({ kekIds: ['k-1'], kept: { dataKeys: 1, peppers: 1 } })
    const again = await retire(world.db, await world.vault(second), settled)
    expect(again).toMatchObject({ kekIds: [], removed: { dataKeys: 1, peppers: 1 } })
    expect(await readSecret(world.db, await world.vault(second), place())).toBe('password')
  })

  test('a pepper stays while an idempotency key is compared under it', async () => {
    const claim = { userId: access.userId, route: 'POST /instances', key: 'a' }
    await saveAnswer(world.db, old, organizationId, claim, 'answer')
    const vault = await world.vault(second, first)
    await rotate(world.db, vault, quick)
    expect(await retire(world.db, vault, settled)).toMatchObject({
      removed: { dataKeys: 1, peppers: 0 },
      kept: { dataKeys: 0, peppers: 1 },
    })
    expect((await world.vault(second)).hashUnder(1, 'body')).toEqual(old.hash('body').hash)

    await world.db.pool.query("update idempotency_claims set expires_at = now() - interval '1 s'")
    const later = await retire(world.db, await world.vault(second), settled)
    expect(later.removed).toEqual({ dataKeys: 0, peppers: 1 })
  })

  test('what a service of the old generation wrote late is kept, under the new keys', async () => {
    // Reads its data key now, and seals with it for a minute.
    await old.seal(place(), 'x')
    const vault = await world.vault(second, first)
    await rotate(world.db, vault, quick)
    const late = passwordOf(organizationId, 2)
    await storeSecret(world.db, old, late, 'late')
    const later = await giveOrganization(world.db, old)
    expect((await listGenerations(world.db, organizationId)).dataKeys).toEqual([1, 2])
    await expect(world.vault(second)).rejects.toThrow('"k-1"')

    const retired = await retire(world.db, vault, settled)
    expect(retired.sweep.secrets).toMatchObject({ resealed: 1, failed: 0 })
    const fresh = await world.vault(second)
    expect(await readSecret(world.db, fresh, late)).toBe('late')
    const header = `User ${later.userSecret}, Organization ${later.organizationSecret}`
    await identify({ callers: uncached(world.db), vault: fresh }, header)
  })
})
