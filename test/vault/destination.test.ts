import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { FirstAccess } from '../../src/access/organization.ts'
import { Refusal } from '../../src/http/errors.ts'
import { EnvelopeError } from '../../src/vault/envelope.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { createWorld, giveOrganization, kek, passwordOf, type World } from './world.ts'

let world: World
let vault: Vault
let ours: FirstAccess

beforeAll(async () => {
  world = await createWorld()
  vault = await world.vault(kek('k-1'))
  ours = await giveOrganization(world.db, vault)
})

afterAll(() => world[Symbol.asyncDispose]())

/** Opens what is bound to one origin for another; `undefined` where that is refused. */
async function openFor(origin: string, destination: string): Promise<string | undefined> {
  const place = { ...passwordOf(ours.organizationId, 1000), origins: [origin] }
  const { sealed } = await vault.seal(place, 'correct horse')
  try {
    return await vault.open(place, sealed, destination)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'secrets-required') return undefined
    throw error
  }
}

describe('a secret that was given for https://*.example.com', () => {
  test.each(['https://shop.example.com', 'https://eu.shop.example.com', 'https://a-1.example.com'])(
    'opens for %s',
    async (destination) => {
      expect(await openFor('https://*.example.com', destination)).toBe('correct horse')
    },
  )

  test.each([
    ['the parent itself', 'https://example.com'],
    ['another scheme', 'http://shop.example.com'],
    ['another port', 'https://shop.example.com:8443'],
    ['the usual port, written out', 'https://shop.example.com:443'],
    ['a host that only ends like it', 'https://evilexample.com'],
    ['a host that only begins like it', 'https://shop.example.com.evil.test'],
    ['a host that has it in its path', 'https://evil.test/.example.com'],
    ['a host that has it in its query', 'https://evil.test?.example.com'],
    ['a host that has it in its fragment', 'https://evil.test#.example.com'],
    ['a host that has it behind a backslash', 'https://evil.test\\.example.com'],
    ['a user before the host', 'https://user@shop.example.com'],
    ['a user that looks like the host', 'https://shop.example.com@evil.test'],
    ['a host in upper case', 'https://SHOP.example.com'],
    ['a parent in upper case', 'https://shop.EXAMPLE.com'],
    ['a scheme in upper case', 'HTTPS://shop.example.com'],
    ['a rooted host', 'https://shop.example.com.'],
    ['no label', 'https://.example.com'],
    ['an empty label', 'https://a..example.com'],
    ['a star', 'https://*.example.com'],
    ['a star further down', 'https://*.shop.example.com'],
    ['an escaped host', 'https://sh%6fp.example.com'],
    ['a host beyond ASCII', 'https://bücher.example.com'],
    ['a space', 'https://shop .example.com'],
    ['a line break', 'https://shop\n.example.com'],
    ['a slash behind it', 'https://shop.example.com/'],
    ['a path behind it', 'https://shop.example.com/x'],
    ['the caller', 'caller'],
    ['nothing', ''],
  ])('is refused for %s', async (_what, destination) => {
    expect(await openFor('https://*.example.com', destination)).toBeUndefined()
  })
})

test('a pattern with a port is for that port alone', async () => {
  const pattern = 'https://*.example.com:8443'
  expect(await openFor(pattern, 'https://shop.example.com:8443')).toBe('correct horse')
  expect(await openFor(pattern, 'https://shop.example.com')).toBeUndefined()
  expect(await openFor(pattern, 'https://shop.example.com:84430')).toBeUndefined()
})

test.each([
  ['https://*', 'https://evil.test'],
  ['https://*.com', 'https://evil.com'],
  ['https://*.0.0.1', 'https://127.0.0.1'],
  ['https://*.example.com.', 'https://shop.example.com.'],
  ['https://a.*.example.com', 'https://a.b.example.com'],
  ['https://*shop.example.com', 'https://evilshop.example.com'],
  ['*.example.com', 'https://shop.example.com'],
  ['https://*.example.com/', 'https://shop.example.com'],
])('"%s" is no pattern', async (origin, destination) => {
  expect(await openFor(origin, destination)).toBeUndefined()
})

test('an origin among patterns is taken to the letter', async () => {
  const origins = ['https://*.example.com', 'https://login.example.org']
  const place = { ...passwordOf(ours.organizationId, 1001), origins }
  const { sealed } = await vault.seal(place, 'correct horse')
  expect(await vault.open(place, sealed, 'https://login.example.org')).toBe('correct horse')
  await expect(vault.open(place, sealed, 'https://a.login.example.org')).rejects.toThrow(Refusal)
})

test('a secret cannot be moved from a host to all that are below another', async () => {
  const place = { ...passwordOf(ours.organizationId, 1002), origins: ['https://shop.example.com'] }
  const { sealed } = await vault.seal(place, 'correct horse')
  const moved = { ...place, origins: ['https://*.example.com'] }
  await expect(vault.open(moved, sealed, 'https://shop.example.com')).rejects.toThrow(EnvelopeError)
})
