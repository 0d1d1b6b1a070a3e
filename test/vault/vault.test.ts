import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FirstAccess } from '../../src/access/organization.ts'
import { Refusal } from '../../src/http/errors.ts'
import { EnvelopeError } from '../../src/vault/envelope.ts'
import { KeyringError } from '../../src/vault/keyring.ts'
import { caller, type SecretPlace, type Vault } from '../../src/vault/vault.ts'
import { createWorld, giveOrganization, kek, passwordOf, vendor, type World } from './world.ts'

const key = kek('k-1')
let world: World
let vault: Vault
let ours: FirstAccess
let theirs: FirstAccess

beforeAll(async () => {
  world = await createWorld()
  vault = await world.vault(key)
  ours = await giveOrganization(world.db, vault)
  theirs = await giveOrganization(world.db, vault)
})

afterAll(() => world[Symbol.asyncDispose]())

describe('a sealed secret', () => {
  let place: SecretPlace
  let sealed: string

  beforeAll(async () => {
    place = passwordOf(ours.organizationId, 1000)
    sealed = (await vault.seal(place, 'correct horse')).sealed
  })

  test('does not open when moved to another organization, owner, entry or version', async () => {
    const elsewhere: Partial<SecretPlace>[] = [
      { organizationId: theirs.organizationId },
      { owner: 'instance/1001' },
      { owner: 'user/1000' },
      { entry: 'username' },
      { entry: '' },
      { secretVersion: 2 },
    ]
    for (const moved of elsewhere) {
      await expect(vault.open({ ...place, ...moved }, sealed, vendor)).rejects.toThrow(
        EnvelopeError,
      )
    }
  })

  test('does not open when its row was given another origin, or one more', async () => {
    const evil = 'https://evil.example'
    for (const origins of [[evil], [vendor, evil], [evil, vendor]]) {
      const moved = { ...place, origins }
      await expect(vault.open(moved, sealed, origins[0]!)).rejects.toThrow(EnvelopeError)
    }
  })

  test('is refused for an origin that it was not given for, before anything is opened', async () => {
    for (const destination of [
      'https://evil.example',
      `${vendor}:8443`,
      'http://api.example.com',
      caller,
      '',
    ]) {
      const refusal = await vault.open(place, sealed, destination).catch((error) => error)
      expect(refusal).toBeInstanceOf(Refusal)
      expect(refusal.code).toBe('secrets-required')
      expect(refusal.details.missing).toEqual([{ key: 'password', name: 'password' }])
      expect(refusal.message).not.toContain('horse')
    }
    const refusal = await vault.open(place, 'not sealed', 'https://evil.example').catch((e) => e)
    expect(refusal.code).toBe('secrets-required')
  })

  test('is never plaintext, an envelope of another version or of another key', async () => {
    const [, , body] = sealed.split('.')
    for (const stored of ['correct horse', '', `e2.1.${body}`, `e1.2.${body}`, `e1.01.${body}`]) {
      await expect(vault.open(place, stored, vendor)).rejects.toThrow(EnvelopeError)
    }
  })

  test('does not open with any single character changed', async () => {
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
      await expect(vault.open(place, changed, vendor)).rejects.toThrow(EnvelopeError)
    }
  })

  test('opens for each of its origins, whatever their order, in any process with the key', async () => {
    const other = 'https://login.example.com'
    const both = { ...place, origins: [vendor, other] }
    const text = (await vault.seal(both, 'correct horse')).sealed
    const process = await world.vault(key)
    const reordered = { ...both, origins: [other, vendor, other] }
    expect(await process.open(reordered, text, vendor)).toBe('correct horse')
    expect(await process.open(both, text, other)).toBe('correct horse')
  })
})

describe('an organization', () => {
  test('whose transaction was rolled back leaves no data key behind', async () => {
    const failing = world.db.kysely.transaction().execute(async (kysely) => {
      await kysely
        .insertInto('organizations')
        .values({ organizationId: 9_000, name: 'never' })
        .execute()
      await vault.createDataKey(9_000, { kysely })
      expect((await vault.seal(passwordOf(9_000, 1), 'x')).dataKeyId).toBe(1)
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    const fresh = await world.vault(key)
    await expect(fresh.seal(passwordOf(9_000, 1), 'x')).rejects.toThrow(KeyringError)
  })

  test('gets one data key a call, also from many callers at once with other keyrings', async () => {
    await using other = await createWorld()
    const [first, second] = [kek('k-1'), kek('k-2')]
    const vaults = [await other.vault(first, second), await other.vault(second, first)]
    const { organizationId } = await giveOrganization(other.db, vaults[0]!)
    const made = await Promise.all(
      [...vaults, ...vaults].map((vault) => vault.createDataKey(organizationId)),
    )
    expect(made.sort()).toEqual([2, 3, 4, 5])
    const { sealed } = await vaults[0]!.seal(passwordOf(organizationId, 1), 'x')
    for (const one of [await other.vault(first), await other.vault(second)]) {
      expect(await one.open(passwordOf(organizationId, 1), sealed, vendor)).toBe('x')
    }
  })
})

describe('a hash', () => {
  test('is another one for every token and in every database, and the same in every process', async () => {
    await using other = await createWorld()
    const elsewhere = await other.vault(key)
    const again = await world.vault(key)
    const { hash } = vault.hash('token')
    expect(hash).toHaveLength(32)
    expect(again.hash('token').hash).toEqual(hash)
    expect(vault.hash('tokem').hash).not.toEqual(hash)
    expect(elsewhere.hash('token').hash).not.toEqual(hash)
    expect(vault.hashes('token')).toEqual([hash])
    expect(vault.hashUnder(1, 'token')).toEqual(hash)
    expect(vault.hashUnder(2, 'token')).toBeUndefined()
  })
})
