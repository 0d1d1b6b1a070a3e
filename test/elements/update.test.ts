import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { OwnDefinition } from '../../src/definition/element.ts'
import { until } from '../support/until.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { breakingChanges } from './breaking-changes.ts'
import { sendAs, tickets, withEntry } from './tickets.ts'

let world: World
let vendor: WebServer
let elsewhere: WebServer
let owner: Awaited<ReturnType<World['addOrganization']>> & { url: string }
let first: OwnDefinition
beforeAll(async () => {
  vendor = await startWebServer(() => ({ status: 200 }))
  elsewhere = await startWebServer(() => ({ status: 200 }))
  const allow = [vendor, elsewhere].map(({ url }) => new URL(url).host)
  world = await startWorld({ allow })
})
beforeEach(async () => {
  owner = { url: world.url, ...(await world.addOrganization()) }
  first = tickets(vendor.url)
  await send(200, 'POST', '/elements', first)
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
  await elsewhere[Symbol.asyncDispose]()
})

const path = '/elements/acmetickets/update'

const answer = sendAs(() => owner)
const send = async (...request: Parameters<typeof answer>) => (await answer(...request)).body

const provision = (name: string, configuration: object = {}, more: object = {}) =>
  send(200, 'POST', '/elements/acmetickets/instances', {
    name,
    configuration: { 'api.key': 'secret', ...configuration },
    ...more,
  })

async function versions(): Promise<Record<string, string>> {
  const { rows } = await world.context.db.pool.query(
    'select name, element_version from instances where organization_id = $1',
    [owner.organizationId],
  )
  return Object.fromEntries(rows.map((row) => [row.name, row.element_version]))
}

test('there is no update of what is not there, or not installed', async () => {
  await send(404, 'GET', '/elements/nothing/update')
  for (const method of ['GET', 'PUT'] as const) {
    expect((await send(409, method, path)).code).toBe('element-not-installed')
  }
})

test('a change offers an update, shown as a difference; nothing moves until it is applied', async () => {
  const instance = await provision('Old')
  const before = await versions()
  const changed = withEntry(first, 'page', { default: 100, name: 'Items per page' })
  const second = {
    ...changed,
    description: 'Tickets, and more.',
    entries: [
      ...changed.entries.filter(({ key }) => key !== 'server'),
      { key: 'team', name: 'Team', type: 'text' as const },
    ],
    baseUrl: vendor.url,
  }
  const replaced = await send(200, 'PUT', '/elements/acmetickets', second)
  expect(replaced).toMatchObject({ installed: true, updateAvailable: true })
  expect(await send(200, 'GET', path)).toEqual({
    from: before.Old,
    to: replaced.version,
    available: true,
    entries: {
      added: ['team'],
      removed: ['server'],
      changed: [
        {
          key: 'page',
          changes: [
            { member: 'name', from: 'Page size', to: 'Items per page' },
            { member: 'default', from: 50, to: 100 },
          ],
        },
      ],
    },
    authentications: { added: [], removed: [], changed: [] },
    others: ['description', 'baseUrl'],
    breaks: [],
    complete: true,
  })
  expect(await versions()).toEqual(before)
  await provision('New')
  expect((await versions()).New).toBe(replaced.version)

  const updated = await send(200, 'PUT', path)
  expect(updated).toEqual({
    from: before.Old,
    to: replaced.version,
    moved: 1,
    kept: 0,
    breaks: [],
  })
  expect(await versions()).toEqual({ Old: replaced.version, New: replaced.version })
  const { configuration, element, id } = await send(200, 'GET', `/instances/${instance.id}`)
  expect([id, element.description, configuration.page]).toEqual([
    instance.id,
    'Tickets, and more.',
    100,
  ])
  expect((await send(200, 'GET', path)).available).toBe(false)
  expect(await send(200, 'PUT', path)).toMatchObject({ moved: 0, kept: 0 })
})

test.each(breakingChanges)(
  'an update with %s names the instance and why, and changes nothing',
  async (_, change, key, reason) => {
    const instance = await provision('Fragile', { page: 7 })
    const before = await versions()
    const replaced = await send(200, 'PUT', '/elements/acmetickets', change(first, elsewhere.url))
    const { breaks, complete } = await send(200, 'GET', path)
    expect([breaks.length, complete]).toEqual([1, true])
    expect(breaks[0]).toMatchObject({ id: instance.id, name: 'Fragile' })
    expect(breaks[0].reasons).toEqual([{ key, reason: expect.stringContaining(reason) }])
    const refused = await send(409, 'PUT', path)
    expect([refused.code, refused.references]).toEqual(['element-update-breaks', breaks])
    expect(await versions()).toEqual(before)
    expect((await send(200, 'GET', path)).from).toBe(before.Fragile)

    const kept = await send(200, 'PUT', `${path}?keep=true`)
    expect(kept).toMatchObject({ to: replaced.version, moved: 0, kept: 1, breaks })
    expect(await versions()).toEqual(before)
    expect((await send(200, 'GET', `/instances/${instance.id}`)).configuration).toEqual(
      instance.configuration,
    )
  },
)

test('of many instances those move that fit, and the others stay, page after page', async () => {
  const { id } = await provision('Pattern')
  const { pool } = world.context.db
  await pool.query(
    `insert into instances (organization_id, id, user_id, element_id, element_version, name, tags,
       configuration, authentication_type, settings, state)
     select organization_id, id + n, user_id, element_id, element_version, 'Copy ' || n, tags,
       jsonb_build_object('page', case when n % 10 = 0 then 'many' else '9' end),
       authentication_type, settings, state
     from instances, generate_series(1, 250) n where organization_id = $1 and id = $2`,
    [owner.organizationId, id],
  )
  // Their secrets, sealed for another, are not opened.
  await pool.query(
    `insert into secrets (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
     select organization_id, 'instance/' || ($2::bigint + n), entry, secret_version, origins,
       data_key_id, sealed
     from secrets, generate_series(1, 250) n
     where organization_id = $1 and owner = 'instance/' || $2::bigint`,
    [owner.organizationId, id],
  )
  const description = 'Changed.'
  const { version } = await send(200, 'PUT', '/elements/acmetickets', { ...first, description })
  const offer = await send(200, 'GET', path)
  expect([offer.breaks.length, offer.complete]).toEqual([25, true])
  const refused = await send(409, 'PUT', path)
  expect(refused.message).toContain('would break: 25.')
  expect(await send(200, 'PUT', `${path}?keep=true`)).toMatchObject({ moved: 226, kept: 25 })
  const moved = Object.values(await versions()).filter((one) => one === version)
  expect(moved.length).toBe(226)
  const { rows } = await pool.query(
    `select count(*) as count from audit_entries
     where organization_id = $1 and action = 'instance.updated'`,
    [owner.organizationId],
  )
  expect(rows[0].count).toBe(226)

  const team = { key: 'team', name: 'Team', type: 'text', required: true }
  const demanding = { ...first, entries: [...first.entries, team] }
  await send(200, 'PUT', '/elements/acmetickets', demanding)
  const first100 = await send(200, 'GET', path)
  expect([first100.breaks.length, first100.complete]).toEqual([100, false])
  expect((await send(409, 'PUT', path)).message).toContain('would break: more than 100.')
})

test('what is derived is made anew, and what a person gave stays', async () => {
  const derived = (template: string): OwnDefinition => ({
    ...first,
    entries: [
      ...first.entries,
      { key: 'team', name: 'Team', type: 'text' },
      { key: 'label', name: 'Label', type: 'text', derived: template },
    ],
  })
  await send(200, 'PUT', '/elements/acmetickets', derived('{team|lower}'))
  const instance = await provision('Derived', { team: 'North' })
  expect(instance.configuration).toMatchObject({ team: 'North', label: 'north' })
  await send(200, 'PUT', '/elements/acmetickets', derived('{team|upper}'))
  await send(200, 'PUT', path)
  const { configuration } = await send(200, 'GET', `/instances/${instance.id}`)
  expect(configuration).toMatchObject({ team: 'North', label: 'NORTH', 'api.key': '********' })
})

test('an instance that changes while an update is under way is not overwritten', async () => {
  const { id } = await provision('Busy')
  const { version } = await send(200, 'PUT', '/elements/acmetickets', { ...first, hub: 'crm' })
  const { pool } = world.context.db
  const client = await pool.connect()
  try {
    const key = [owner.organizationId, id]
    const where = 'where organization_id = $1 and id = $2'
    await client.query('begin')
    await client.query(`update instances set revision = revision + 1 ${where}`, key)
    const updating = send(200, 'PUT', path)
    // It waits for the row; what it read of it before no longer holds then.
    await until(async () => {
      const { rows } = await pool.query(
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      )
      return rows.length > 0
    })
    await client.query('commit')
    expect(await updating).toMatchObject({ moved: 0, kept: 1, breaks: [] })
  } finally {
    client.release()
  }
  expect(await send(200, 'PUT', path)).toMatchObject({ moved: 1, kept: 0 })
  expect((await versions()).Busy).toBe(version)
})

test('versions that nothing points at go in the end, and none that an instance has', async () => {
  await provision('Old')
  const { Old: version } = await versions()
  for (let number = 0; number < 30; number += 1) {
    await send(200, 'PUT', '/elements/acmetickets', { ...first, description: `Number ${number}.` })
  }
  const { rows } = await world.context.db.pool.query(
    'select version from own_element_versions where organization_id = $1',
    [owner.organizationId],
  )
  expect(rows.length).toBeLessThan(30)
  expect(rows.map((row) => row.version)).toContain(version)
  expect((await send(200, 'GET', path)).from).toBe(version)
})

test('what is derived of a secret is left as it is, since nobody opens the secret for it', async () => {
  const region = [
    { key: 'region', name: 'Region', type: 'text', derived: '{api.key|after:-}', secret: false },
    { key: 'site', name: 'Site', type: 'text', derived: 'site-{region}' },
  ] as const
  const derived = { ...first, entries: [...first.entries, ...region], baseUrl: '{server}/{region}' }
  await send(200, 'PUT', '/elements/acmetickets', derived)
  const { id, configuration } = await provision('Old', { 'api.key': 'secret-us21' })
  expect(configuration).toMatchObject({ region: 'us21', site: 'site-us21' })
  await send(200, 'PUT', '/elements/acmetickets', { ...derived, description: 'Changed.' })
  expect(await send(200, 'PUT', path)).toMatchObject({ moved: 1, breaks: [] })
  expect((await send(200, 'GET', `/instances/${id}`)).configuration).toEqual(configuration)
})
