import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { purge } from '../../src/retention/purge.ts'
import { startOperatedWorld } from '../operator/operator.ts'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import type { World } from '../support/world.ts'
import { gatedElement, startVendor, type Vendor } from './scene.ts'
import { exportFrom, newKey, provision } from './worlds.ts'

let shared: World
let world: World
let vendor: Vendor
beforeAll(async () => {
  vendor = await startVendor()
  shared = await startOperatedWorld({ definitions: [gatedElement], allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await shared[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(async () => {
  world = { ...shared, ...(await shared.addOrganization()) }
})

const instance = (more: object = {}, caller: Pick<World, 'url' | 'authorization'> = world) =>
  provision(caller, {
    element: { key: 'gated' },
    configuration: { secret: 'right', url: vendor.url },
    verify: false,
    ...more,
  })
const idsOf = (lines: Record<string, { sourceId?: number }>[]) =>
  lines.map(({ manifest }) => manifest?.sourceId)

describe('an export', () => {
  test('has what is chosen: by ids, by tags, by external ids, or all', async () => {
    const one = await instance({ tags: ['emea', 'gold'], externalId: 'customer-1' })
    const two = await instance({ tags: ['emea'], externalId: 'customer-1' })
    const three = await instance({ externalId: 'customer-2' })
    const { publicKey } = await newKey(world)
    const chosen = async (choice: object) => {
      const { lines } = await exportFrom(world, { publicKey, ...choice })
      return idsOf(lines)
    }
    expect(await chosen({ ids: [two.id, one.id, two.id] })).toEqual([two.id, one.id])
    expect(await chosen({ tags: ['emea', 'gold'] })).toEqual([one.id])
    expect(await chosen({ tags: ['emea'] })).toEqual([one.id, two.id])
    expect(await chosen({ externalIds: ['customer-2', 'customer-1', 'none'] })).toEqual([
      three.id,
      one.id,
      two.id,
    ])
    expect(await chosen({ all: true })).toEqual([one.id, two.id, three.id])
    expect(await chosen({ tags: ['none'] })).toEqual([])
  })

  test('of more than a page has each of them once', async () => {
    for (let at = 0; at < 203; at += 1) await instance()
    const { publicKey } = await newKey(world)
    const { lines } = await exportFrom(world, { publicKey, all: true })
    expect(new Set(idsOf(lines)).size).toBe(203)
  })

  test('has nothing of anybody else', async () => {
    const colleague = { ...world, ...(await addColleague(world)) }
    const other = { ...world, ...(await shared.addOrganization()) }
    const theirs = await Promise.all([instance({}, colleague), instance({}, other)])
    const own = await instance()
    const { publicKey } = await newKey(world)
    const ids = [...theirs.map(({ id }) => id), own.id]
    const { lines } = await exportFrom(world, { publicKey, ids })
    expect(lines).toMatchObject([
      { sourceId: ids[0], error: { code: 'instance-not-found' } },
      { sourceId: ids[1], error: { code: 'instance-not-found' } },
      { manifest: { sourceId: own.id } },
    ])
    expect(idsOf((await exportFrom(world, { publicKey, all: true })).lines)).toEqual([own.id])
  })

  test('is refused where nothing is chosen, or in several ways', async () => {
    const { publicKey } = await newKey(world)
    for (const choice of [{}, { ids: [1], all: true }, { tags: ['a'], externalIds: ['b'] }]) {
      const { answer } = await exportFrom(world, { publicKey, ...choice })
      expect([answer.status, answer.body.code]).toEqual([400, 'body-invalid'])
      expect(answer.body.choices).toEqual(['ids', 'tags', 'externalIds', 'all'])
    }
    for (const choice of [{ ids: [] }, { all: false }, { all: true, tokens: 'copy' }]) {
      const { answer } = await exportFrom(world, { publicKey, ...choice })
      expect([answer.status, answer.body.code]).toEqual([400, 'body-invalid'])
    }
  })

  test('is refused for a key that is private, weak, of another kind, or not itself', async () => {
    await instance()
    const { publicKey } = await newKey(world)
    const other = await newKey(world)
    const jwk = (pair: { publicKey: KeyObject }) => pair.publicKey.export({ format: 'jwk' })
    const own = generateKeyPairSync('x25519')
    const bits = Buffer.alloc(32)
    const weak = { kty: 'OKP', crv: 'X25519', x: bits.toString('base64url') }
    const one = {
      ...weak,
      x: Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]).toString('base64url'),
    }
    const named = async (key: Parameters<typeof calculateJwkThumbprint>[0]) => ({
      ...key,
      kid: await calculateJwkThumbprint(key),
    })
    for (const bad of [
      own.privateKey.export({ format: 'jwk' }),
      { ...publicKey, d: 'AAAA' },
      await named(weak),
      await named(one),
      { ...publicKey, x: publicKey.x!.slice(2) },
      { ...publicKey, x: other.publicKey.x },
      { ...publicKey, kid: 'another' },
      { ...publicKey, alg: 'ECDH-ES' },
      { ...publicKey, use: 'sig' },
      jwk(generateKeyPairSync('x25519')),
      jwk(generateKeyPairSync('ed25519')),
      jwk(generateKeyPairSync('ec', { namedCurve: 'P-256' })),
      jwk(generateKeyPairSync('rsa', { modulusLength: 1024 })),
      { kty: 'oct', k: 'AAAA' },
      {},
    ]) {
      const { answer } = await exportFrom(world, { publicKey: bad as object, all: true })
      expect([bad, answer.status, answer.body.code]).toEqual([bad, 400, 'public-key-unfit'])
    }
    expect((await call(world, 'GET', '/audit?action=instance.exported')).body).toEqual([])
  })
})

describe('an import key', () => {
  test('lives an hour, or as long as was said, a week at most', async () => {
    const left = ({ expiresAt }: { expiresAt: string }) =>
      Math.round((Date.parse(expiresAt) - Date.now()) / 60_000)
    expect(left(await newKey(world))).toBe(60)
    expect(left(await newKey(world, { lifetimeSeconds: 604_800 }))).toBe(7 * 24 * 60)
    for (const lifetimeSeconds of [59, 604_801, 60.5, '60', null]) {
      const { status } = await call(world, 'POST', '/imports/keys', { body: { lifetimeSeconds } })
      expect(status).toBe(400)
    }
  })

  test('is shown to the user who made it without its private half, until it is revoked', async () => {
    const { publicKey, ...key } = await newKey(world)
    expect(Object.keys(publicKey).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    const { body } = await call(world, 'GET', '/imports/keys')
    expect(body).toEqual([{ ...key, publicKey }])
    const { authorization } = await addColleague(world)
    expect((await call(world, 'GET', '/imports/keys', { authorization })).body).toEqual([])
    const path = `/imports/keys/${key.id}`
    const foreign = await call(world, 'DELETE', path, { authorization })
    expect([foreign.status, foreign.body.code]).toEqual([404, 'import-key-not-found'])
    expect((await call(world, 'DELETE', path)).status).toBe(200)
    expect((await call(world, 'DELETE', path)).status).toBe(404)
    expect((await call(world, 'GET', '/imports/keys')).body).toEqual([])
    expect(await sealedOf(key.id)).toBe(0)
  })

  test('goes with its private half once its time is over', async () => {
    const { id } = await newKey(world)
    const { db } = world.context
    await db.pool.query(
      "update import_keys set expires_at = now() - interval '1 s' where id = $1",
      [id],
    )
    expect(await sealedOf(id)).toBe(1)
    expect((await call(world, 'GET', '/imports/keys')).body).toEqual([])
    const { purged } = await purge(db, world.organizationId)
    expect(purged.importKeys).toBe(1)
    expect(await sealedOf(id)).toBe(0)
  })

  test('is one of 20 at most', async () => {
    const made = await Promise.all(
      Array.from({ length: 22 }, () => call(world, 'POST', '/imports/keys', { body: {} })),
    )
    expect(made.filter(({ status }) => status === 200)).toHaveLength(20)
    const codes = made.filter(({ status }) => status !== 200).map(({ body }) => body.code)
    expect(codes).toEqual(['import-keys-too-many', 'import-keys-too-many'])
  })

  const sealedOf = async (id: number) => {
    const { rows } = await world.context.db.pool.query(
      'select count(*) from secrets where organization_id = $1 and owner = $2',
      [world.organizationId, `import-key/${id}`],
    )
    return Number(rows[0].count)
  }
})
