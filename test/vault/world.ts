import { randomBytes } from 'node:crypto'
import { createOrganization, type FirstAccess } from '../../src/access/organization.ts'
import type { KeyEncryptionKey } from '../../src/config.ts'
import { type Db, openDatabase } from '../../src/database/database.ts'
import { Keyring } from '../../src/vault/keyring.ts'
import { answerPlace } from '../../src/vault/shelves.ts'
import { createToken, tokenEntry } from '../../src/vault/token.ts'
import { caller, type SecretPlace, Vault } from '../../src/vault/vault.ts'
import { createTestDatabase } from '../support/database.ts'

export const vendor = 'https://api.example.com'

/** A migrated database of its own, and the vaults that are opened on it. */
export interface World extends AsyncDisposable {
  url: string
  db: Db
  /** As a service that is started with these keys, the first one active. */
  vault(...keys: KeyEncryptionKey[]): Promise<Vault>
}

export async function createWorld(): Promise<World> {
  const database = await createTestDatabase()
  const db = openDatabase({ url: database.url, onError: () => {}, maxConnections: 5 })
  return {
    url: database.url,
    db,
    vault: (...keys) => Vault.open(db, new Keyring(keys)),
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]()
      await database.drop()
    },
  }
}

export function kek(id: string): KeyEncryptionKey {
  return { id, key: randomBytes(32) }
}

let organizations = 0

export function giveOrganization(db: Db, vault: Vault): Promise<FirstAccess> {
  organizations++
  return createOrganization(
    { db, vault },
    { name: `Organization ${organizations}`, email: `first-${organizations}@example.com` },
  )
}

export function passwordOf(organizationId: number, instanceId: number): SecretPlace {
  const owner = `instance/${instanceId}`
  return { organizationId, owner, entry: 'password', secretVersion: 1, origins: [vendor] }
}

export async function storeSecret(db: Db, vault: Vault, place: SecretPlace, plaintext: string) {
  const row = { ...place, origins: [...place.origins], ...(await vault.seal(place, plaintext)) }
  await db.kysely.insertInto('secrets').values(row).execute()
}

export async function readSecret(db: Db, vault: Vault, place: SecretPlace): Promise<string> {
  const { organizationId, owner, entry, secretVersion } = place
  const { sealed } = await db.kysely
    .selectFrom('secrets')
    .select('sealed')
    .where('organizationId', '=', organizationId)
    .where('owner', '=', owner)
    .where('entry', '=', entry)
    .where('secretVersion', '=', secretVersion)
    .executeTakeFirstOrThrow()
  return await vault.open(place, sealed, place.origins[0]!)
}

/** An instance with nothing but its token. */
export async function giveInstance(
  db: Db,
  vault: Vault,
  { organizationId, userId }: FirstAccess,
  instanceId: number,
): Promise<string> {
  const element = { elementId: 1, version: 'v', key: 'k', definition: '{}' }
  await db.kysely
    .insertInto('elementVersions')
    .values(element)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  await db.pool.query(
    `insert into instances (organization_id, id, user_id, element_id, element_version, name, tags,
       configuration, authentication_type, settings, state)
     values ($1, $2, $3, 1, 'v', 'n', '{}', '{}', 'basic', '{}', 'verified')`,
    [organizationId, instanceId, userId],
  )
  const token = createToken('instance', organizationId)
  await db.kysely
    .insertInto('instanceTokens')
    .values({ organizationId, instanceId, ...vault.hash(token) })
    .execute()
  const owner = `instance/${instanceId}`
  const place = { organizationId, owner, entry: tokenEntry, secretVersion: 1, origins: [caller] }
  await storeSecret(db, vault, place, token)
  return token
}

/** As the gateway does: under every pepper known, and once more where there may be new ones. */
export async function findInstanceOf(
  db: Db,
  vault: Vault,
  organizationId: number,
  token: string,
): Promise<number | undefined> {
  const look = () =>
    db.kysely
      .selectFrom('instanceTokens')
      .select('instanceId')
      .where('organizationId', '=', organizationId)
      .where('hash', 'in', vault.hashes(token))
      .executeTakeFirst()
  const found = (await look()) ?? ((await vault.refreshPeppers()) ? await look() : undefined)
  return found?.instanceId
}

export interface Answered {
  userId: number
  route: string
  key: string
}

export async function saveAnswer(
  db: Db,
  vault: Vault,
  organizationId: number,
  claim: Answered,
  answer: string,
) {
  const { hash: fingerprint, pepperId } = vault.hash('body')
  await db.kysely
    .insertInto('idempotencyClaims')
    .values({
      organizationId,
      ...claim,
      holder: 'process',
      fingerprint,
      pepperId,
      expiresAt: new Date(Date.now() + 86_400_000),
      ...(await vault.seal(answerPlace(organizationId, claim), answer)),
    })
    .execute()
}

export async function readAnswer(db: Db, vault: Vault, organizationId: number, claim: Answered) {
  const { sealed } = await db.kysely
    .selectFrom('idempotencyClaims')
    .select('sealed')
    .where('organizationId', '=', organizationId)
    .where('userId', '=', claim.userId)
    .where('route', '=', claim.route)
    .where('key', '=', claim.key)
    .executeTakeFirstOrThrow()
  return await vault.open(answerPlace(organizationId, claim), sealed!, caller)
}

/** The secrets of so many instances, numbered from 1, each `password <number>`. */
export async function storeSecrets(db: Db, vault: Vault, organizationId: number, count: number) {
  for (let from = 1; from <= count; from += 500) {
    const ids = Array.from({ length: Math.min(500, count - from + 1) }, (_, at) => from + at)
    const rows = ids.map(async (id) => {
      const place = passwordOf(organizationId, id)
      return {
        ...place,
        origins: [...place.origins],
        ...(await vault.seal(place, `password ${id}`)),
      }
    })
    await db.kysely
      .insertInto('secrets')
      .values(await Promise.all(rows))
      .execute()
  }
}
