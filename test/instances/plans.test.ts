import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Analyst, type Explained, explainAll, rowsRead, rowsWanted } from '../../bench/plans.ts'
import { type Seeded, seedInstances } from '../../bench/seed.ts'
import { type SizeRequest, sizeRequests } from '../../bench/size-requests.ts'
import { planNextChecks } from '../../src/health/jobs.ts'
import { countRunning, findRun } from '../../src/health/run-store.ts'
import { claimDue, nextDue } from '../../src/health/store.ts'
import { planNextPurges } from '../../src/retention/jobs.ts'
import { purge } from '../../src/retention/purge.ts'
import { readLife } from '../../src/tokens/store.ts'
import { claimLane, findNextDue } from '../../src/webhooks/lane-store.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'

const seeded = 4000

let world: World
let seed: Seeded
/** As PostgreSQL chooses, and with the plans that it keeps for any values. */
let analysts: Analyst[]
let requests: SizeRequest[]
let kept: (Explained & { what: string })[]

beforeAll(async () => {
  world = await startWorld()
  seed = await seedInstances(world.context, world.databaseUrl, seeded)
  requests = sizeRequests(seed, world.sandbox.url)
  analysts = await Promise.all(
    ['auto', 'force_generic_plan'].map((mode) =>
      Analyst.connect(world.databaseUrl, { plan_cache_mode: mode }),
    ),
  )
})
afterAll(async () => {
  for (const analyst of analysts) await analyst[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

/** Not what the process does by itself meanwhile, nor the queue of jobs. */
const isOfTenants = ({ statement }: Explained) => !/\b(jobs|replicas)\b/.test(statement.text)

const send = async ({ path, headers, body }: SizeRequest) => {
  const { authorization } = headers
  const answer = await call(world, body ? 'POST' : 'GET', path, { body, headers, authorization })
  expect(answer.status).toBe(200)
}

test('the seed is what the service would have stored', async () => {
  const { rows } = await world.context.db.pool.query(
    `select count(*) as instances, count(distinct organization_id) as organizations,
      count(*) filter (where organization_id = $1) as big,
      count(*) filter (where organization_id = $1 and tags @> '{production}') as tagged,
      (select count(*) from secrets where owner like 'instance/%') as secrets,
      (select count(*) from instance_tokens) as tokens,
      (select count(*) from instance_tags) as tags,
      (select count(*) from audit_entries where action = 'instance.created') as audit
    from instances`,
    [seed.big.organizationId],
  )
  expect(rows[0]).toEqual({
    instances: seeded,
    organizations: seeded / 100 + 1,
    big: seeded * 0.3,
    tagged: seeded * 0.1,
    secrets: seeded * 3,
    tokens: seeded,
    tags: seeded * 1.3,
    audit: seeded,
  })
})

describe('what requests send', () => {
  beforeAll(async () => {
    kept = await explainKept()
  })

  test('no request reads a table but by an index, and in it one organization alone', async () => {
    for (const { what, statement, nodes } of kept) {
      const where = `${what}: ${statement.text}`
      expect(
        nodes.map((node) => node['Node Type']),
        where,
      ).not.toContain('Seq Scan')
      for (const node of nodes.filter((one) => one['Index Name'] !== undefined)) {
        // As a column, in what is computed of it, or beside a name that no other organization has.
        const isHashed = node['Index Name'] === 'secrets_of_owner'
        const filters = nodes.filter((one) => one['Relation Name'] === 'secrets')
        const said = isHashed ? filters.map(({ Filter }) => Filter).join() : node['Index Cond']
        expect(said, where).toMatch(/\borganization_id\b/)
      }
    }
  })

  test('no statement looks at many more rows than it answers', async () => {
    for (const { what, statement, nodes } of kept) {
      // Of each instance its row and three secrets; of few pages all rather than those in order.
      const bound = 6 * rowsWanted(nodes) + 10
      expect(rowsRead(nodes), `${what}: ${statement.text}`).toBeLessThanOrEqual(bound)
    }
  })
})

test('the background finds what is due by indexes, and nothing of one organization in another', async () => {
  const { context, databaseUrl } = world
  const { organizationId, userId } = seed.big
  const at = { organizationId, id: 1 }
  const { db } = context
  const works: [what: string, work: () => Promise<unknown>][] = [
    ['planning checks', () => planNextChecks(context, { organizationId: 0 })],
    ['claiming checks', () => claimDue(db, { organizationId, limit: 4, seconds: 600 })],
    ['the next check', () => nextDue(db, { organizationId, withinSeconds: 1800 })],
    ['planning purges', () => planNextPurges(context, { organizationId: 0 })],
    ['purges', () => purge(db, organizationId)],
    ['claiming deliveries', () => claimLane(db, at, 600)],
    ['the next delivery', () => findNextDue(db, at)],
    ['planning refreshes', () => readLife(db, { organizationId, instanceId: seed.big.sample.id })],
    ['a verification', () => findRun(db, { ...at, userId })],
    ['verifications under way', () => countRunning(db, { organizationId, userId })],
  ]
  // Many of these tables are empty here, and would be read at once: it has to be possible otherwise.
  await using analyst = await Analyst.connect(databaseUrl, { enable_seqscan: 'off' })
  for (const [what, work] of works) {
    const explained = (await explainAll(analyst, work)).filter(isOfTenants)
    expect(explained.length, what).toBeGreaterThan(0)
    for (const { statement, nodes } of explained) {
      const where = `${what}: ${statement.text}`
      expect(
        nodes.map((node) => node['Node Type']),
        where,
      ).not.toContain('Seq Scan')
      for (const node of nodes.filter((one) => one['Index Name'] !== undefined)) {
        expect(node['Index Cond'], where).toMatch(/\borganization_id\b/)
      }
      expect(rowsRead(nodes), where).toBeLessThanOrEqual(6 * rowsWanted(nodes) + 10)
    }
  }
})

/** What each request sends, with the plans that PostgreSQL comes to in the long run. */
async function explainKept() {
  const found: typeof kept = []
  for (const analyst of analysts) {
    for (const request of requests) {
      // It keeps plans after five that it did not.
      for (let time = 0; time < 6; time++) await explainAll(analyst, () => send(request))
      const explained = (await explainAll(analyst, () => send(request))).filter(isOfTenants)
      expect(explained.length, request.what).toBeGreaterThan(0)
      found.push(...explained.map((one) => ({ what: request.what, ...one })))
    }
  }
  return found
}
