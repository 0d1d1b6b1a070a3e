import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { identify } from '../../src/access/identify.ts'
import type { FirstAccess } from '../../src/access/organization.ts'
import { rotate } from '../../src/vault/rotate.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { uncached } from './uncached.ts'
import {
  createWorld,
  findInstanceOf,
  giveInstance,
  giveOrganization,
  kek,
  passwordOf,
  readSecret,
  storeSecret,
  type World,
} from './world.ts'

const [first, second] = [kek('k-1'), kek('k-2')]
const quick = { settleMs: 0 }
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

describe('a service that holds the old key only', () => {
  const authorization = () => `User ${access.userSecret}, Organization ${access.organizationSecret}`

  test('goes on knowing every caller, and opens what others seal with the new keys', async () => {
    const token = await giveInstance(world.db, old, access, 1000)
    const vault = await world.vault(second, first)
    // Having just looked for new peppers, it does not look again for a second.
    await delay(1_000)
    await old.refreshPeppers()
    await rotate(world.db, vault)
    const callers = Array.from({ length: 20 }, () =>
      identify({ callers: uncached(world.db), vault: old }, authorization()),
    )
    for (const caller of await Promise.all(callers)) expect(caller.user.id).toBe(access.userId)
    expect(await findInstanceOf(world.db, old, organizationId, token)).toBe(1000)

    const place = passwordOf(organizationId, 1)
    await storeSecret(world.db, vault, place, 'new')
    expect(await readSecret(world.db, old, place)).toBe('new')
  })

  test('goes on making organizations, secrets and tokens that the others read', async () => {
    const vault = await world.vault(second, first)
    await rotate(world.db, vault, quick)
    const later = await giveOrganization(world.db, old)
    const place = passwordOf(later.organizationId, 1)
    await storeSecret(world.db, old, place, 'old')
    expect(await readSecret(world.db, vault, place)).toBe('old')
    const header = `User ${later.userSecret}, Organization ${later.organizationSecret}`
    const caller = await identify({ callers: uncached(world.db), vault }, header)
    expect(caller.organizationId).toBe(later.organizationId)
  })

  test('is told apart from one that holds the new key only, which needs the old one no more', async () => {
    await storeSecret(world.db, old, passwordOf(organizationId, 1), 'password')
    await expect(world.vault(second)).rejects.toThrow('"k-1"')
    await rotate(world.db, await world.vault(second, first), quick)
    const fresh = await world.vault(second)
    expect(await readSecret(world.db, fresh, passwordOf(organizationId, 1))).toBe('password')
    const caller = await identify({ callers: uncached(world.db), vault: fresh }, authorization())
    expect(caller.user.id).toBe(access.userId)
  })
})
