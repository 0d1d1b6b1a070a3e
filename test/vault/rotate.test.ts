import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FirstAccess } from '../../src/access/organization.ts'
import { replaceSecrets } from '../../src/vault/reseal-store.ts'
import { rotate } from '../../src/vault/rotate.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { listGenerations, listKeys } from './generations.ts'
import {
  createWorld,
  findInstanceOf,
  giveInstance,
  giveOrganization,
  kek,
  passwordOf,
  readAnswer,
  readSecret,
  saveAnswer,
  storeSecret,
  type World,
} from './world.ts'

const [first, second] = [kek('k-1'), kek('k-2')]
const quick = { settleMs: 0, batch: 3 }
let world: World
let old: Vault
let access: FirstAccess
let organizationId: number

beforeEach(async () => {
  world = await createWorld()
  old = await world.vault(first)
  access = await giveOrganization(world.db, old)
  organizationId = access.organizationId
})

afterEach(() => world[Symbol.asyncDispose]())

describe('a rotation', () => {
  test('reports a row that does not open by its place, leaves it, and turns the others', async () => {
    for (let id = 1; id <= 4; id++) {
      await storeSecret(world.db, old, passwordOf(organizationId, id), `password ${id}`)
    }
    const broken = world.db.kysely
      .updateTable('secrets')
      .where('organizationId', '=', organizationId)
    await broken.where('owner', '=', 'instance/2').set({ sealed: 'password 2' }).execute()
    await broken.where('owner', '=', 'instance/3').set({ entry: 'other' }).execute()

    const report = await rotate(world.db, await world.vault(second, first), quick)
    expect(report.secrets).toEqual({ scanned: 6, resealed: 4, contended: 0, failed: 2 })
    expect(report.left).toBe(2)
    expect(report.failures).toEqual([
      `secret "password", version 1, of instance/2, organization ${organizationId}: not an envelope`,
      `secret "other", version 1, of instance/3, organization ${organizationId}: does not open here`,
    ])
    const { rows } = await world.db.pool.query(
      "select data_key_id, sealed from secrets where owner = 'instance/2'",
    )
    expect(rows).toEqual([{ data_key_id: 1, sealed: 'password 2' }])
  })

  test('leaves a token whose secret is gone, or is the secret of another token', async () => {
    await giveInstance(world.db, old, access, 1001)
    await giveInstance(world.db, old, access, 1002)
    await giveInstance(world.db, old, access, 1003)
    await world.db.pool.query("delete from secrets where owner = 'instance/1001'")
    await world.db.pool.query(
      'update instance_tokens set instance_id = 1003 where instance_id = 1002',
    )

    const report = await rotate(world.db, await world.vault(second, first), quick)
    expect(report.tokens).toEqual({ scanned: 5, resealed: 3, contended: 0, failed: 2 })
    expect(report.failures.sort()).toEqual([
      `token "$token", version 1, of instance/1001, organization ${organizationId}: its secret is gone`,
      `token "$token", version 1, of instance/1003, organization ${organizationId}: its secret is another one`,
    ])
  })

  test('never overwrites what a service wrote meanwhile', async () => {
    const place = passwordOf(organizationId, 1)
    await storeSecret(world.db, old, place, 'earlier')
    const read = await world.db.kysely
      .selectFrom('secrets')
      .selectAll()
      .where('organizationId', '=', organizationId)
      .where('owner', '=', place.owner)
      .executeTakeFirstOrThrow()
    const resealed = { row: read, ...(await old.reseal(place, read.sealed)) }
    const { sealed } = await old.seal(place, 'later')
    await world.db.pool.query("update secrets set sealed = $1 where owner = 'instance/1'", [sealed])

    expect(await replaceSecrets(world.db, organizationId, [resealed])).toBe(0)
    expect(await readSecret(world.db, old, place)).toBe('later')
  })

  test('waits for no transaction of the service: a row that one holds counts as contended', async () => {
    await storeSecret(world.db, old, passwordOf(organizationId, 1), 'held')
    const holder = await world.db.pool.connect()
    await holder.query("begin; select from secrets where owner = 'instance/1' for update")
    const vault = await world.vault(second, first)
    const report = await rotate(world.db, vault, quick)
    await holder.query('rollback')
    holder.release()
    expect(report.secrets).toEqual({ scanned: 3, resealed: 2, contended: 5, failed: 0 })
    expect(report.left).toBe(1)
  })

  test('that was interrupted is taken up again, with no further keys and nothing done twice', async () => {
    for (let id = 1; id <= 9; id++) {
      await storeSecret(world.db, old, passwordOf(organizationId, id), `password ${id}`)
    }
    await world.db.pool.query(`
      create function fail() returns trigger language plpgsql as $$
        begin if new.owner = 'instance/7' then raise 'interrupted'; end if; return new; end $$;
      create trigger fail before update on secrets for each row execute function fail()`)
    const vault = await world.vault(second, first)
    await expect(rotate(world.db, vault, quick)).rejects.toThrow('interrupted')
    await world.db.pool.query('drop trigger fail on secrets')

    const report = await rotate(world.db, await world.vault(second, first), quick)
    expect(report.resumed).toBe(true)
    expect(report.secrets).toEqual({ scanned: 11, resealed: 5, contended: 0, failed: 0 })
    expect(await listKeys(world.db, organizationId)).toMatchObject({
      dataKeys: [1, 2],
      peppers: [1, 2],
    })
  })

  test('begun twice at once is one rotation', async () => {
    for (let id = 1; id <= 20; id++) {
      await storeSecret(world.db, old, passwordOf(organizationId, id), `password ${id}`)
    }
    const vaults = [await world.vault(second, first), await world.vault(second, first)]
    const reports = await Promise.all(vaults.map((vault) => rotate(world.db, vault, quick)))
    expect(reports.map((report) => report.secrets.failed)).toEqual([0, 0])
    expect(reports.reduce((sum, report) => sum + report.secrets.resealed, 0)).toBe(22)
    expect(await listKeys(world.db, organizationId)).toMatchObject({
      dataKeys: [1, 2],
      peppers: [1, 2],
    })
  })

  test('brings secrets, saved answers and tokens of every organization under the newest keys', async () => {
    const other = await giveOrganization(world.db, old)
    for (let id = 1; id <= 7; id++) {
      await storeSecret(world.db, old, passwordOf(organizationId, id), `password ${id}`)
    }
    const token = await giveInstance(world.db, old, access, 1000)
    const claims = ['a', 'b', 'c', 'd'].map((key) => ({ userId: 1, route: 'POST /instances', key }))
    for (const claim of claims) await saveAnswer(world.db, old, organizationId, claim, claim.key)

    const vault = await world.vault(second, first)
    const report = await rotate(world.db, vault, quick)
    expect(report).toMatchObject({
      resumed: false,
      secrets: { scanned: 12, resealed: 12, contended: 0, failed: 0 },
      answers: { scanned: 4, resealed: 4, contended: 0, failed: 0 },
      tokens: { scanned: 5, resealed: 5, contended: 0, failed: 0 },
      failures: [],
      left: 0,
    })
    for (const { organizationId } of [access, other]) {
      expect(await listGenerations(world.db, organizationId)).toEqual({
        dataKeys: [2],
        peppers: [2],
      })
    }
    for (let id = 1; id <= 7; id++) {
      const place = passwordOf(organizationId, id)
      expect(await readSecret(world.db, vault, place)).toBe(`password ${id}`)
    }
    expect(await readAnswer(world.db, vault, organizationId, claims[1]!)).toBe('b')
    expect(await findInstanceOf(world.db, vault, organizationId, token)).toBe(1000)

    const again = await rotate(world.db, await world.vault(second, first), quick)
    expect(again.secrets).toEqual({ scanned: 12, resealed: 12, contended: 0, failed: 0 })
    expect(await listGenerations(world.db, organizationId)).toEqual({ dataKeys: [3], peppers: [3] })
  })

  test('finds a row under an old key although its column claims the newest', async () => {
    const place = passwordOf(organizationId, 1)
    await storeSecret(world.db, old, place, 'mislabelled')
    await world.db.pool.query("update secrets set data_key_id = 2 where owner = 'instance/1'")
    const vault = await world.vault(second, first)
    const report = await rotate(world.db, vault, quick)
    expect(report.secrets.resealed).toBe(3)
    expect(await listGenerations(world.db, organizationId)).toEqual({ dataKeys: [2], peppers: [2] })
  })
})
