import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AuditFilters, entriesQuery } from '../../src/audit/store.ts'
import { startWorld, type World } from '../support/world.ts'

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows'?: number
  'Shared Hit Blocks': number
  'Shared Read Blocks': number
  Plans?: Node[]
}

let world: World
beforeAll(async () => {
  world = await startWorld()
  const { organizationId } = world
  // One user and one kind of deed in a hundred; every tenth entry is of somebody else's thing.
  await world.context.db.pool.query(
    `insert into audit_entries
       (organization_id, at, user_id, owner_id, action, instance_id, request_id)
     select $1, '2020-01-01'::timestamptz + make_interval(mins => n), 1000 + n % 100,
       case when n % 10 = 0 then 2000 + n % 7 end, 'kind.' || n % 100, 5000 + n % 500, 'r' || n
     from generate_series(1, 40000) n`,
    [organizationId],
  )
  await world.context.db.pool.query('vacuum analyze audit_entries')
})
afterAll(() => world[Symbol.asyncDispose]())

async function explain(filters: AuditFilters, readerId?: number, deep = false) {
  const { db } = world.context
  const before = deep ? { at: new Date('2020-01-15'), id: 2 ** 40 } : undefined
  const { organizationId } = world
  const query = entriesQuery({ organizationId, filters, readerId, before, limit: 21 })
  const { sql, parameters } = query.compile(db.kysely)
  const text = `explain (analyze, buffers, format json) ${sql}`
  const { rows } = await db.pool.query(text, [...parameters])
  const plan: Node = rows[0]['QUERY PLAN'][0].Plan
  return { nodes: flatten(plan), buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'] }
}

function flatten(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}

const questions: [string, AuditFilters, number?][] = [
  ['everything', {}],
  ['an instance', { instanceId: 5003 }],
  ['a user', { userId: 1003 }],
  ['a kind of deed', { action: 'kind.3' }],
  ['a request', { requestId: 'r1003' }],
  ['a time', { from: new Date('2020-01-02'), to: new Date('2020-01-20') }],
  ['own deeds and own things', {}, 1003],
  ['what others did to own things', {}, 2003],
]

test.each(questions)(
  'asking for %s, an index yields the page and no more',
  async (_, filters, reader) => {
    const { nodes } = await explain(filters, reader)
    const scans = nodes.filter((node) => node['Relation Name'] === 'audit_entries')
    expect(scans.length).toBeGreaterThan(0)
    for (const scan of scans) {
      expect(scan['Node Type']).toMatch(/^Index (Only )?Scan$/)
      expect(scan['Actual Rows']).toBeLessThanOrEqual(21)
    }
  },
)

test.each(questions)(
  'asking for %s, a deep page costs as much as the first',
  async (_, filters, reader) => {
    const first = await explain(filters, reader)
    const deep = await explain(filters, reader, true)
    expect(deep.nodes.map((node) => node['Node Type'])).toEqual(
      first.nodes.map((node) => node['Node Type']),
    )
    expect(deep.buffers).toBeLessThanOrEqual(first.buffers * 1.3 + 3)
  },
)
