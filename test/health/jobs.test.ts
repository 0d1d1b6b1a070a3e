import { afterAll, beforeAll, expect, test } from 'vitest'
import { planNextChecks } from '../../src/health/jobs.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions, nextIn, passHours, provision, startVendor, type Vendor } from './vendor.ts'

let world: World
let vendor: Vendor
beforeAll(async () => {
  vendor = await startVendor()
  const allow = [new URL(vendor.url).host]
  world = await startWorld({ definitions, allow, jobs: true })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const jobsOf = async (organizationId: number) =>
  (
    await world.context.db.pool.query(
      `select extract(epoch from start_after - now())::float8 as starts_in from jobs.job
       where name = 'check-instances' and state < 'active' and data->>'organizationId' = $1`,
      [organizationId],
    )
  ).rows

test('instances that are due are tried in the background, those of every organization', async () => {
  const ids = [await provision(world, vendor), await provision(world, vendor)]
  const other = { ...world, ...(await world.addOrganization()) }
  const theirs = await provision(other, vendor)
  for (const id of ids) await passHours(world, id, 25)
  await passHours(other, theirs, 25)
  vendor.received.splice(0)
  await planNextChecks(world.context, { organizationId: 0 })
  await until(async () => {
    const answers = await Promise.all([
      ...ids.map((id) => call(world, 'GET', `/instances/${id}`)),
      call(other, 'GET', `/instances/${theirs}`),
    ])
    return answers.every(({ body }) => body.lastCheck?.verdict === 'verified')
  })
  expect(vendor.received).toHaveLength(3)
})

test('an organization without anything due soon has no job, nor has one that is disabled', async () => {
  const idle = await world.addOrganization()
  const other = { ...world, ...(await world.addOrganization()) }
  const id = await provision(other, vendor)
  await passHours(other, id, 25)
  await world.context.db.pool.query(
    'update organizations set disabled_at = now() where organization_id = $1',
    [other.organizationId],
  )
  await planNextChecks(world.context, { organizationId: 0 })
  expect(await jobsOf(idle.organizationId)).toEqual([])
  expect(await jobsOf(other.organizationId)).toEqual([])
  expect(await nextIn(other, id)).toBeLessThanOrEqual(0)
})

test('provisioning sends no job', async () => {
  const other = { ...world, ...(await world.addOrganization()) }
  await provision(other, vendor)
  expect(await jobsOf(other.organizationId)).toEqual([])
})

test('what is due is found by an index', async () => {
  const client = await world.context.db.pool.connect()
  try {
    await client.query('set enable_seqscan = off')
    const { rows } = await client.query(
      `explain select id from instances where organization_id = 1 and check_at <= now()
       order by check_at limit 4 for update skip locked`,
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan).toContain('instances_to_check')
    expect(plan).not.toContain('Sort')
  } finally {
    await client.query('reset enable_seqscan')
    client.release()
  }
})
