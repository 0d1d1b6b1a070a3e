import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { operate, startOperatedWorld } from '../operator/operator.ts'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { until } from '../support/until.ts'
import type { World } from '../support/world.ts'
import { gatedElement, startVendor, type Vendor } from './scene.ts'
import { allowKey, newKey, provision } from './worlds.ts'

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

const instance = (caller: Pick<World, 'url' | 'authorization'> = world) =>
  provision(caller, {
    element: { key: 'gated' },
    configuration: { secret: 'right', url: vendor.url },
    verify: false,
  })
const leave = (publicKey: object, caller: Pick<World, 'url' | 'authorization'> = world) =>
  call(caller, 'POST', '/instances/export', { body: { publicKey, all: true } })
const codeOf = ({ status, body }: Awaited<ReturnType<typeof call>>) => [status, body.code]
const keysOf = (path = '') => `/${world.organizationId}/export-keys${path}`
const actions = async () => {
  const { body } = await call(world, 'GET', '/audit?pageSize=200')
  return body.map(({ action }: { action: string }) => action)
}

describe('nothing leaves for a key that the operator has not allowed', () => {
  test('whoever holds the bearer token of the owner is told whom to ask', async () => {
    await instance()
    const { publicKey } = await newKey(world)
    const signedIn = await call(world, 'POST', '/authentication', { body: {} })
    const thief = { ...world, authorization: `Bearer ${signedIn.body.token}` }
    const refused = await leave(publicKey, thief)
    expect(codeOf(refused)).toEqual([403, 'export-key-untrusted'])
    expect(refused.body.message).toContain(
      `PUT /operator/organizations/${world.organizationId}/export-keys/${publicKey.kid}`,
    )
    expect(await actions()).not.toContain('instance.exported')
  })

  test('an admin who makes himself the owner gets none of it', async () => {
    const colleague = { ...world, ...(await addColleague(world)) }
    const { id } = await instance(colleague)
    const taken = await call(world, 'PUT', `/instances/${id}/owner`, {
      body: { user: world.userId },
    })
    expect(taken.status).toBe(200)
    const { publicKey } = await newKey(world)
    expect(codeOf(await leave(publicKey))).toEqual([403, 'export-key-untrusted'])
  })

  test('another key than the allowed one, and another organization, are refused', async () => {
    await instance()
    const [allowed, own] = [await newKey(world), await newKey(world)]
    expect((await allowKey(world, allowed.publicKey)).status).toBe(200)
    const passedOff = { ...own.publicKey, kid: allowed.publicKey.kid }
    expect(codeOf(await leave(passedOff))).toEqual([400, 'public-key-unfit'])
    expect(codeOf(await leave(own.publicKey))).toEqual([403, 'export-key-untrusted'])
    const other = { ...world, ...(await shared.addOrganization()) }
    expect(codeOf(await leave(allowed.publicKey, other))).toEqual([403, 'export-key-untrusted'])
    expect((await leave(allowed.publicKey)).status).toBe(200)
  })

  test('a user cannot allow one', async () => {
    const { publicKey } = await newKey(world)
    const path = `/operator/organizations/${world.organizationId}/export-keys/${publicKey.kid}`
    const { status } = await call(world, 'PUT', path, { body: { publicKey } })
    expect(status).toBe(401)
    expect(codeOf(await leave(publicKey))).toEqual([403, 'export-key-untrusted'])
  })
})

describe('the operator', () => {
  test('allows a key for an hour, or as long as was said, and again', async () => {
    const { publicKey } = await newKey(world)
    const minutes = ({ expiresAt }: { expiresAt: string }) =>
      Math.round((Date.parse(expiresAt) - Date.now()) / 60_000)
    const { body } = await allowKey(world, publicKey)
    expect([body.kid, minutes(body)]).toEqual([publicKey.kid, 60])
    const longer = await allowKey(world, publicKey, { lifetimeSeconds: 7200 })
    expect(minutes(longer.body)).toBe(120)
    expect((await operate(world, 'GET', keysOf())).body).toEqual([longer.body])
    for (const lifetimeSeconds of [0, 59, 604_801, 1.5, '60']) {
      const refused = await allowKey(world, publicKey, { lifetimeSeconds })
      expect(codeOf(refused)).toEqual([400, 'body-invalid'])
    }
  })

  test('is refused a key that is not what its thumbprint says', async () => {
    const [one, other] = [await newKey(world), await newKey(world)]
    const path = keysOf(`/${one.publicKey.kid}`)
    for (const publicKey of [
      other.publicKey,
      { ...other.publicKey, kid: one.publicKey.kid },
      { ...one.publicKey, d: 'AAAA' },
      {},
    ]) {
      const refused = await operate(world, 'PUT', path, { publicKey })
      expect(codeOf(refused)).toEqual([400, 'public-key-unfit'])
    }
    expect((await operate(world, 'GET', keysOf())).body).toEqual([])
  })

  test('is told where there is no such organization, or no such key', async () => {
    const { publicKey } = await newKey(world)
    const path = `/export-keys/${publicKey.kid}`
    const none = await operate(world, 'PUT', `/999999${path}`, { publicKey })
    expect(codeOf(none)).toEqual([404, 'organization-not-found'])
    const list = await operate(world, 'GET', '/999999/export-keys')
    expect(codeOf(list)).toEqual([404, 'organization-not-found'])
    const gone = await operate(world, 'DELETE', keysOf(`/${publicKey.kid}`))
    expect(codeOf(gone)).toEqual([404, 'export-key-not-found'])
  })

  test('forbids one, and nothing more leaves, also of an export under way', async () => {
    for (let at = 0; at < 3; at += 1) await instance()
    const { publicKey } = await newKey(world)
    await allowKey(world, publicKey)
    const { pool } = world.context.db
    const client = await pool.connect()
    await client.query('begin')
    // The first line waits for its audit entry, until the key is forbidden.
    await client.query('lock table audit_entries in share mode')
    const leaving = leave(publicKey)
    const blocked = `select 1 from pg_stat_activity
      where wait_event_type = 'Lock' and query like '%audit_entries%'`
    await until(async () => (await pool.query(blocked)).rows.length > 0)
    await client.query('delete from export_keys where kid = $1', [publicKey.kid])
    await client.query('commit')
    client.release()
    const { status, text } = await leaving
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(status).toBe(200)
    expect(lines.map(({ error }) => error?.code)).toEqual([
      undefined,
      'export-key-untrusted',
      'export-key-untrusted',
    ])
    await allowKey(world, publicKey)
    const forbidden = await operate(world, 'DELETE', keysOf(`/${publicKey.kid}`))
    expect(forbidden.status).toBe(200)
    expect(codeOf(await leave(publicKey))).toEqual([403, 'export-key-untrusted'])
    expect(await actions()).toEqual(
      expect.arrayContaining(['export-key.allowed', 'export-key.forbidden']),
    )
  })

  test('need not forbid one whose time is over', async () => {
    await instance()
    const { publicKey } = await newKey(world)
    await allowKey(world, publicKey)
    await world.context.db.pool.query('update export_keys set expires_at = now() where kid = $1', [
      publicKey.kid,
    ])
    expect(codeOf(await leave(publicKey))).toEqual([403, 'export-key-untrusted'])
    expect((await operate(world, 'GET', keysOf())).body).toEqual([])
  })
})
