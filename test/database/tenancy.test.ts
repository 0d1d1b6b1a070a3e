import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openCertificate } from '../../src/certificates/open.ts'
import { bodyOf } from '../certificates/fixtures.ts'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { startWorld, type World } from '../support/world.ts'

/** The tables of tenants. What is not here is nobody's: see the test of that. */
const tenantTables = [
  'access_secrets',
  'audit_entries',
  'certificate_uses',
  'certificates',
  'data_keys',
  'idempotency_claims',
  'installed_elements',
  'instance_tokens',
  'instances',
  'organizations',
  'own_element_versions',
  'own_elements',
  'secrets',
  'users',
]
const sharedTables = ['element_versions', 'key_rotations', 'logins', 'peppers']

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const query = async (text: string) => (await world.context.db.pool.query(text)).rows

describe('in the catalog', () => {
  test('every table is known to be of tenants or of nobody, and only those have the column', async () => {
    const rows = await query(`
      select relname as name, exists (
        select from pg_attribute where attrelid = c.oid and attname = 'organization_id') as owned
      from pg_class c
      where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
        and relname not like 'kysely_%' order by relname`)
    const owned = rows.filter((row) => row.owned).map((row) => row.name)
    // The directory of logins leads to tenants, and is not one's.
    expect(owned.filter((name) => name !== 'logins')).toEqual(tenantTables)
    expect(rows.map((row) => row.name).filter((name) => !tenantTables.includes(name))).toEqual(
      sharedTables,
    )
  })

  test('every primary key starts with the organization, every index contains it', async () => {
    const rows = await query(`
      select t.relname as table, i.relname as index, indisprimary as primary, indisunique as unique,
        array(select attname::text from unnest(indkey) with ordinality as key (number, place)
          join pg_attribute on attrelid = t.oid and attnum = number order by place) as columns
      from pg_index x join pg_class t on t.oid = indrelid join pg_class i on i.oid = indexrelid
      where t.relname = any(array[${tenantTables.map((name) => `'${name}'`)}])`)
    const primary = rows.filter((row) => row.primary)
    expect(primary.map((row) => row.table).sort()).toEqual(tenantTables)
    for (const row of rows) {
      expect(row.columns, row.index).toContain('organization_id')
      if (row.primary) expect(row.columns[0], row.index).toBe('organization_id')
    }
  })

  test('what a tenant’s row refers to is of the same tenant, or of nobody', async () => {
    const rows = await query(`
      select t.relname as table, f.relname as foreign,
        array(select attname::text from pg_attribute
          where attrelid = conrelid and attnum = any(conkey)) as columns
      from pg_constraint c join pg_class t on t.oid = conrelid join pg_class f on f.oid = confrelid
      where contype = 'f'`)
    for (const row of rows.filter(({ foreign }) => tenantTables.includes(foreign))) {
      expect(row.columns, `${row.table} → ${row.foreign}`).toContain('organization_id')
    }
  })
})

describe('every statement of a request on a table of tenants', () => {
  let statements: string[]

  beforeAll(async () => {
    statements = await record(() => everyRequest(world))
  })

  test('names the organization', () => {
    const touched = new Set<string>()
    for (const text of statements) {
      const tables = tenantTables.filter((name) => new RegExp(`\\b${name}\\b`).test(text))
      for (const name of tables) touched.add(name)
      if (tables.length > 0) expect(text).toContain('organization_id')
    }
    // Else the scenario has not been everywhere.
    expect([...touched].sort()).toEqual(tenantTables)
  })

  test('looks at rows of one organization alone, by PostgreSQL’s own plan', async () => {
    let looked = 0
    for (const text of statements) {
      const scans = await planOf(text)
      for (const { table, alias, conditions } of scans) {
        if (!tenantTables.includes(table)) continue
        expect(conditions, `${alias} in ${text}`).toMatch(
          new RegExp(`\\b${alias}\\.organization_id = |= ${alias}\\.organization_id\\b`),
        )
        looked += 1
      }
    }
    expect(looked).toBeGreaterThan(10)
  })

  interface Scan {
    table: string
    alias: string
    conditions: string
  }

  /** The tables that a statement reads, each with all the conditions of the plan. */
  async function planOf(text: string): Promise<Scan[]> {
    if (!/^\s*(select|insert|update|delete|with)\b/i.test(text)) return []
    const client = new pg.Client({ connectionString: world.databaseUrl })
    await client.connect()
    try {
      const explained = await client.query(`explain (generic_plan, verbose, format json) ${text}`)
      const [{ Plan: plan }] = explained.rows[0]['QUERY PLAN']
      const nodes = flatten(plan)
      const conditions = nodes
        .flatMap((node) => Object.entries(node).filter(([key]) => /Cond|Filter/.test(key)))
        .map(([, value]) => String(value))
        .join('\n')
      return nodes
        .filter((node) => /Scan/.test(node['Node Type']) && node['Relation Name'])
        .map((node) => ({ table: node['Relation Name']!, alias: node.Alias!, conditions }))
    } finally {
      await client.end()
    }
  }
})

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  Alias?: string
  Plans?: PlanNode[]
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}

/** What is sent to PostgreSQL meanwhile, each text once. */
async function record(work: () => Promise<void>): Promise<string[]> {
  const spy = vi.spyOn(pg.Client.prototype, 'query')
  try {
    await work()
    const texts = spy.mock.calls.map(([query]: unknown[]) =>
      typeof query === 'string' ? query : (query as { text: string }).text,
    )
    return [...new Set(texts)]
  } finally {
    spy.mockRestore()
  }
}

/** Each route with what it may do: first times, repetitions, refusals, strangers. */
async function everyRequest(world: World) {
  // What an organization's first request reads is kept for its later ones.
  const fresh = { ...world, ...(await world.addOrganization()) }
  world.context.vault.forgetDataKeys()
  const good = helpDesk(world)
  const key = { 'idempotency-key': randomUUID() }
  const send = async (status: number, ...request: Parameters<typeof call>) => {
    const answer = await call(...request)
    expect(answer.status).toBe(status)
    return answer
  }
  const { body: instance } = await send(200, fresh, 'POST', '/instances', { body: good })
  const draft = { ...good, verify: false, externalId: 'customer-1' }
  await send(200, world, 'POST', '/elements/connectwisehd/instances', { body: draft })
  await send(200, world, 'POST', '/instances', { body: good, headers: key })
  await send(200, world, 'POST', '/instances', { body: good, headers: key })
  await send(422, world, 'POST', '/instances', { body: draft, headers: key })
  const wrong = helpDesk(world, { 'helpdesk.connectwise.password': 'wrong' })
  const otherKey = { 'idempotency-key': randomUUID() }
  await send(400, world, 'POST', '/instances', { body: wrong, headers: otherKey })
  await send(400, world, 'POST', '/instances', { body: '{' })
  await send(200, fresh, 'GET', `/instances/${instance.id}`)
  await send(404, world, 'GET', `/instances/${instance.id}`)
  const [user] = fresh.authorization.split(', ')
  const [, organization] = world.authorization.split(', ')
  const mixed = `${user}, ${organization}`
  await send(401, world, 'GET', `/instances/${instance.id}`, { authorization: mixed })
  await send(401, world, 'GET', `/instances/${instance.id}`, { authorization: null })
  await send(200, world, 'GET', '/ready')

  const shared = bodyOf('default.p12', { shared: true })
  const { body: certificate } = await send(200, world, 'POST', '/certificates', { body: shared })
  const path = `/certificates/${certificate.id}`
  await send(200, world, 'GET', '/certificates')
  const { authorization } = await addColleague(world)
  await send(200, world, 'GET', '/certificates?pageSize=1', { authorization })
  await send(404, fresh, 'GET', path)
  await send(200, world, 'PUT', path, { body: { ...shared, shared: false } })
  const { organizationId } = world
  const asked = { organizationId, userId: world.userId, certificateId: certificate.id }
  await openCertificate(world.context, { ...asked, destination: shared.origins[0]! })
  await send(200, world, 'DELETE', path)

  const { body: copied } = await send(200, world, 'GET', '/elements/connectwisehd/export')
  const body = { ...copied, key: 'copied' }
  await send(200, world, 'POST', '/elements', { body })
  await send(409, world, 'POST', '/elements', { body })
  const { configuration } = good
  await send(200, world, 'POST', '/elements/copied/test', { body: { configuration } })
  await send(200, world, 'POST', '/elements/copied/instances', { body: { ...good, element: {} } })
  const changed = { ...body, description: 'Changed.' }
  await send(200, world, 'PUT', '/elements/copied', { body: changed })
  await send(409, world, 'PUT', '/elements/copied', { body: { ...changed, key: 'renamed' } })
  await send(200, world, 'GET', '/elements?installed=true')
  await send(200, world, 'GET', '/elements/copied/update')
  await send(200, world, 'PUT', '/elements/copied/update')
  await send(200, world, 'DELETE', '/elements/copied/active')
  await send(409, world, 'DELETE', '/elements/copied/installed')
  await send(409, world, 'DELETE', '/elements/copied')
  await send(200, world, 'POST', '/elements/copied/clone', { body: { key: 'again' } })
  await send(200, world, 'PUT', '/elements/again/installed')
  await send(200, world, 'DELETE', '/elements/again/installed')
  await send(200, world, 'DELETE', '/elements/again')
}
