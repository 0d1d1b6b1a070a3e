import { afterAll, beforeAll, expect, test } from 'vitest'
import { Analyst, type Explained, explainAll } from '../../bench/plans.ts'
import { type Seeded, seedInstances } from '../../bench/seed.ts'
import { type SizeRequest, sizeRequests } from '../../bench/size-requests.ts'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'

const seeded = 4000

let world: World
let seed: Seeded
let analyst: Analyst
let requests: SizeRequest[]

beforeAll(async () => {
  world = await startWorld()
  seed = await seedInstances(world.context, world.databaseUrl, seeded)
  requests = sizeRequests(seed, world.sandbox.url)
  analyst = await Analyst.connect(world.databaseUrl)
})
afterAll(async () => {
  await analyst[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

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

test('no request reads a table but by an index, and in it one organization alone', async () => {
  for (const request of requests) {
    for (const { statement, nodes } of await explainKept(request)) {
      const where = `${request.what}: ${statement.text}`
      expect(
        nodes.map((node) => node['Node Type']),
        where,
      ).not.toContain('Seq Scan')
      for (const node of nodes.filter((one) => one['Index Name'] !== undefined)) {
        // As a column, or in what is computed of it.
        expect(node['Index Cond'], where).toMatch(/\borganization_id\b/)
      }
    }
  }
})

/** As PostgreSQL plans in the long run: it keeps plans after five that it did not. */
async function explainKept(request: SizeRequest): Promise<Explained[]> {
  for (let time = 0; time < 6; time++) await explainAll(analyst, () => send(request))
  const explained = await explainAll(analyst, () => send(request))
  expect(explained.length, request.what).toBeGreaterThan(0)
  return explained
}
