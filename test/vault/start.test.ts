import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KeyringError } from '../../src/vault/keyring.ts'
import { createWorld, giveOrganization, kek, passwordOf, vendor, type World } from './world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
  await world.vault(kek('k-1'))
})

afterAll(() => world[Symbol.asyncDispose]())

describe('a start', () => {
  test('is refused without the key that the database was sealed with, and the key is named', async () => {
    await expect(world.vault(kek('k-2'))).rejects.toThrow(
      new KeyringError('This database is sealed under the key-encryption key "k-1"; at hand: k-2.'),
    )
  })

  test('is refused with other bytes under the same name, and the key is named', async () => {
    const wrong = { id: 'k-1', key: randomBytes(32) }
    const says = 'The key-encryption key "k-1" is not the one that this database was sealed with.'
    await expect(world.vault(wrong)).rejects.toThrow(new KeyringError(says))
    await expect(world.vault(kek('k-2'), wrong)).rejects.toThrow(new KeyringError(says))
  })

  test('is refused while an organization still needs a key that is not at hand', async () => {
    await using other = await createWorld()
    const [first, second] = [kek('k-1'), kek('k-2')]
    await giveOrganization(other.db, await other.vault(first))
    await other.vault(second, first)
    await expect(other.vault(second)).rejects.toThrow(
      new KeyringError(
        'Secrets in this database need the key-encryption key "k-1": add it behind the active one.',
      ),
    )
  })

  test('with a key announced behind the active one lets services of both generations start', async () => {
    await using other = await createWorld()
    const [first, second] = [kek('k-1'), kek('k-2')]
    const old = await other.vault(first, second)
    const { organizationId } = await giveOrganization(other.db, old)
    const place = passwordOf(organizationId, 1000)
    const { sealed } = await old.seal(place, 'correct horse')
    for (const keys of [[first], [second], [second, first]]) {
      const vault = await other.vault(...keys)
      expect(await vault.open(place, sealed, vendor)).toBe('correct horse')
    }
  })

  test('of many services at once on an empty database makes one pepper', async () => {
    await using other = await createWorld()
    const [first, second] = [kek('k-1'), kek('k-2')]
    const third = kek('k-3')
    const keyrings = [[first], [second, first], [third, first], [first, second]]
    // Nobody can write before all of them have found the database empty.
    const holder = await other.db.pool.connect()
    await holder.query('begin; lock table peppers in exclusive mode')
    const starting = Promise.all(keyrings.map((keys) => other.vault(...keys)))
    await delay(200)
    await holder.query('rollback')
    holder.release()
    const vaults = await starting
    for (const one of [first, second, third]) vaults.push(await other.vault(one))
    const hashes = new Set(vaults.map((vault) => vault.hash('token').hash.toString('hex')))
    expect(hashes.size).toBe(1)
    expect(new Set(vaults.map((vault) => vault.hash('token').pepperId))).toEqual(new Set([1]))
  })
})
