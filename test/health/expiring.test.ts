import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority } from '../support/authority.ts'
import { call } from '../support/client.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { startWorld, type World } from '../support/world.ts'
import {
  comeToNext,
  definitions,
  look,
  nextIn,
  provision,
  startVendor,
  type Vendor,
} from './vendor.ts'

const authority = createAuthority()
const dayMs = 86_400_000
const certificateFor = (days: number) => {
  const notAfter = new Date(Date.now() + days * dayMs)
  const { cert, key } = authority.issue({ names: ['acme.example'], clientAuth: true, notAfter })
  return cert + key
}
/** Its tokens come from a consent alone. */
const consented = oauthElement(
  9876,
  'consented',
  { grant: 'refreshToken', refreshToken: '{refresh}' },
  {
    probes: [
      { method: 'GET', path: 'me', rules: [{ when: { status: 200 }, verdict: 'verified' }] },
    ],
  },
)

let world: World
let vendor: Vendor
beforeAll(async () => {
  vendor = await startVendor()
  world = await startWorld({
    definitions: [...definitions, consented],
    allow: [new URL(vendor.url).host],
  })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const get = async (id: number) => (await call(world, 'GET', `/instances/${id}`)).body
const lookAt = async (id: number) => {
  await comeToNext(world, id)
  await look(world)
  return get(id)
}
const presenting = (days: number) =>
  provision(world, vendor, 'presenting', { configuration: { cert: certificateFor(days) } })
const actionsOn = async (id: number) => {
  const { rows } = await world.context.db.pool.query(
    `select action, actor from audit_entries
     where instance_id = $1 and action not in ('instance.created', 'instance.updated') order by id`,
    [id],
  )
  return rows.map(({ action, actor }) => [action, actor])
}

describe('a client certificate', () => {
  test('that ends in less than thirty days makes its instance one that is expiring', async () => {
    const id = await presenting(20)
    expect((await get(id)).state).toBe('verified')
    const expiring = await lookAt(id)
    expect(expiring).toMatchObject({ state: 'expiring', valid: true })
    const date = new Date(Date.now() + 20 * dayMs).toISOString().slice(0, 10)
    expect(expiring.stateReason).toContain(`valid until ${date}`)
    expect((await lookAt(id)).stateSince).toBe(expiring.stateSince)
    expect(await actionsOn(id)).toEqual([['instance.expiring', 'service']])
    const listed = await call(world, 'GET', '/instances?state=expiring')
    expect(listed.body.map((one: { id: number }) => one.id)).toContain(id)

    const body = { configuration: { cert: certificateFor(300) } }
    const changed = await call(world, 'PATCH', `/instances/${id}`, { body })
    expect(changed.body).toMatchObject({ state: 'verified', stateReason: null })
    expect(await lookAt(id)).toMatchObject({ state: 'verified', stateReason: null })
  })

  test('that lasts longer is looked at again when it is time', async () => {
    const id = await presenting(30.5)
    expect((await lookAt(id)).state).toBe('verified')
    expect(await nextIn(world, id)).toBeLessThan(12.1)
  })

  test('under its own route, once replaced, makes the instance a good one again', async () => {
    const origins = ['https://acme.example']
    const issued = authority.issue({ names: ['acme.example'], clientAuth: true })
    const body = { name: 'Acme', origins, certificate: issued.cert, key: issued.key }
    const made = await call(world, 'POST', '/certificates', { body })
    expect(made.status, made.text).toBe(200)
    const id = await provision(world, vendor, 'presenting', {
      verify: false,
      configuration: { server: origins[0], cert: String(made.body.id) },
    })
    await world.context.db.pool.query(
      `update instances set state = 'verified', verified_at = now() where id = $1`,
      [id],
    )
    expect(await lookAt(id)).toMatchObject({ state: 'expiring', valid: true })
    const longer = authority.issue({
      names: ['acme.example'],
      clientAuth: true,
      notAfter: new Date(Date.now() + 300 * dayMs),
    })
    const replaced = await call(world, 'PUT', `/certificates/${made.body.id}`, {
      body: { ...body, certificate: longer.cert, key: longer.key },
    })
    expect(replaced.status, replaced.text).toBe(200)
    expect(await lookAt(id)).toMatchObject({ state: 'verified', stateReason: null })
    expect(await actionsOn(id)).toEqual([
      ['instance.expiring', 'service'],
      ['instance.verified', 'service'],
    ])
  })
})

test('a secret that the definition says ends makes its instance one that is expiring', async () => {
  const id = await provision(world, vendor, 'lasting')
  expect((await lookAt(id)).state).toBe('verified')
  await world.context.db.pool.query(
    `update secrets set created_at = now() - interval '61 days'
     where owner = $1 and entry = 'secret'`,
    [`instance/${id}`],
  )
  const expiring = await lookAt(id)
  expect(expiring).toMatchObject({ state: 'expiring', valid: true })
  expect(expiring.stateReason).toContain('no longer accepts "API key" after')
  const body = { configuration: { secret: 'another-secret-of-the-vendor' } }
  await call(world, 'PATCH', `/instances/${id}`, { body })
  expect((await lookAt(id)).state).toBe('verified')
})

test.each([
  [null, 5, 60, 'expiring'],
  [null, 8, 60, 'verified'],
  [null, 2, 10, 'verified'],
  [null, 0.5, 10, 'expiring'],
  ['a-refresh-token', 0.5, 10, 'verified'],
])(
  'tokens with the refresh token %s that end in %d of %d days make it %s',
  async (refreshToken, left, life, state) => {
    const id = await provision(world, vendor, 'consented', {
      verify: false,
      configuration: { id: 'client', refresh: 'a-refresh-token' },
    })
    const { db, vault } = world.context
    const { organizationId } = world
    const origins = [new URL(vendor.url).origin]
    const expiresAt = new Date(Date.now() + left * dayMs).toISOString()
    const tokens = {
      accessToken: 'a',
      refreshToken,
      tokenType: null,
      expiresAt,
      scope: null,
    }
    const place = { owner: `instance/${id}`, entry: '$oauth', secretVersion: 1, origins }
    await vault.keep(db, { organizationId, ...place }, JSON.stringify(tokens))
    await db.pool.query(
      `insert into oauth_tokens (organization_id, instance_id, obtained_at, expires_at)
       values ($1, $2, $3, $4)`,
      [organizationId, id, new Date(Date.now() - (life - left) * dayMs), expiresAt],
    )
    await db.pool.query(
      `update instances set state = 'verified', verified_at = now() where id = $1`,
      [id],
    )
    const seen = await lookAt(id)
    expect(seen).toMatchObject({ state, valid: true })
    if (state === 'expiring') expect(seen.stateReason).toContain('Connect the instance anew')
  },
)
