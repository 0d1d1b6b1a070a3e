import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secondsUntilTurn } from '../../src/retention/jobs.ts'
import { purge } from '../../src/retention/purge.ts'
import { writeEntry } from '../audit/entries.ts'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

const defaults = { auditEntries: 400, connectSessions: 7, webhookDeliveries: 30 }
const dayMs = 86_400_000

let world: World
let caller: { authorization: string; organizationId: number; userId: number; url: string }
beforeAll(async () => {
  world = await startWorld({ jobs: true })
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  caller = { url: world.url, ...(await world.addOrganization()) }
})

const read = () => call(caller, 'GET', '/organization/retention')
const write = (body: unknown) => call(caller, 'PUT', '/organization/retention', { body })
const query = async (text: string, values: unknown[] = []) =>
  (await world.context.db.pool.query(text, values)).rows

test('an organization keeps records as long as it says, and else as long as all do', async () => {
  expect([(await read()).status, (await read()).body]).toEqual([200, defaults])
  const changed = { ...defaults, auditEntries: 90 }
  expect((await write({ auditEntries: 90 })).body).toEqual(changed)
  expect((await read()).body).toEqual(changed)
  expect((await call(world, 'GET', '/organization/retention')).body).toEqual(defaults)
  expect((await write({ connectSessions: 3 })).body).toEqual({ ...defaults, connectSessions: 3 })
  const { body } = await call(caller, 'GET', '/audit?action=retention.changed')
  expect(body.map(({ detail }: { detail: object }) => detail)).toEqual([
    { connectSessions: 3 },
    { auditEntries: 90 },
  ])
})

test('of several who say it at once all succeed, and one of them stands', async () => {
  const said = Array.from({ length: 8 }, (_, n) => ({ auditEntries: 90 + n }))
  const answers = await Promise.all(said.map((body) => write(body)))
  expect(answers.map(({ status }) => status)).toEqual(said.map(() => 200))
  expect(said).toContainEqual({ auditEntries: (await read()).body.auditEntries })
  await write({})
})

describe('it is refused', () => {
  test.each([
    [{ auditEntries: 29 }],
    [{ auditEntries: 3651 }],
    [{ auditEntries: 90.5 }],
    [{ auditEntries: '90' }],
    [{ auditEntries: null }],
    [{ connectSessions: 0 }],
    [{ connectSessions: 8 }],
    [{ bearerTokens: 1 }],
    [{ instances: 1 }],
    [[]],
  ])('to keep %j', async (body) => {
    const answer = await write(body)
    expect([answer.status, answer.body.code]).toEqual([400, 'body-invalid'])
    expect((await read()).body).toEqual(defaults)
  })

  test('to whoever is no admin', async () => {
    const { authorization } = await addColleague(world)
    for (const method of ['GET', 'PUT'] as const) {
      const body = method === 'PUT' ? {} : undefined
      const answer = await call(world, method, '/organization/retention', { authorization, body })
      expect([answer.status, answer.body.code]).toEqual([403, 'role-insufficient'])
    }
  })
})

/** One record of each kind whose time came so many days ago. */
async function leave(days: number) {
  const { organizationId, userId } = caller
  const at = new Date(Date.now() - days * dayMs)
  await writeEntry(world, { organizationId, at })
  await query(
    `insert into idempotency_claims (organization_id, user_id, route, key, holder, pepper_id,
       fingerprint, expires_at) values ($1, $2, 'r', $3, 'h', 1, '', $4)`,
    [organizationId, userId, `k${days}`, at],
  )
  const [{ id }] = await query(
    `insert into authorizations (organization_id, id, state_hash, pepper_id, user_id, element_id,
       element_version, authentication_type, callback_url, expires_at)
     values ($1, nextval('authorizations_id_seq'), '', 1, $2, 1, 'v', 'oauth2', 'c', $3)
     returning id`,
    [organizationId, userId, at],
  )
  await query(
    `insert into secrets (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
     values ($1, $2, 'verifier', 1, '{}', 1, 'e1.x')`,
    [organizationId, `authorization/${id}`],
  )
  const hash = Buffer.from(`${id}`)
  await query(
    `insert into sign_in_tokens (organization_id, hash, pepper_id, user_id, expires_at)
     values ($1, $2, 1, $3, $4)`,
    [organizationId, hash, userId, at],
  )
  await query(
    `insert into access_secrets (organization_id, hash, pepper_id, user_id, secret_version, expires_at)
     values ($1, $2, 1, $3, $4, $5)`,
    [organizationId, hash, userId, id + 1, at],
  )
  await query(
    `insert into secrets (organization_id, owner, entry, secret_version, origins, data_key_id, sealed)
     values ($1, $2, 'secret', $3, '{caller}', 1, 'e1.x')`,
    [organizationId, `user/${userId}`, id + 1],
  )
  await query(
    `insert into connect_sessions (organization_id, id, user_id, elements, reconnects, request,
       allowed_origin, link_hash, pepper_id, expires_at)
     values ($1, nextval('connect_sessions_id_seq'), $2, '[]', false, '{}', 'o', $3, 1, $4)`,
    [organizationId, userId, hash, at],
  )
  const name = `instance/${id}`
  await query(
    `insert into limit_budgets (organization_id, name, revision, expires_at) values ($1, $2, 1, $3)`,
    [organizationId, name, at],
  )
  await query(
    `insert into limit_windows (organization_id, budget, period, margin) values ($1, $2, 1, 1)`,
    [organizationId, name],
  )
  await query(
    `insert into limit_pools (organization_id, name, revision, places, expires_at)
     values ($1, $2, 1, 1, $3)`,
    [organizationId, name, at],
  )
}

const left = async () => {
  const counts: Record<string, number> = {}
  for (const [name, text] of Object.entries({
    audit: "select from audit_entries where action = 'thing.done' and organization_id = $1",
    claims: 'select from idempotency_claims where organization_id = $1',
    authorizations: 'select from authorizations where organization_id = $1',
    secrets: "select from secrets where owner like 'authorization/%' and organization_id = $1",
    sessions: 'select from connect_sessions where organization_id = $1',
    tokens: 'select from sign_in_tokens where organization_id = $1',
    accessSecrets: 'select from access_secrets where organization_id = $1 and user_id is not null',
    limitWindows: 'select from limit_windows where organization_id = $1',
    limitPools: 'select from limit_pools where organization_id = $1',
    userSecrets: "select from secrets where owner like 'user/%' and organization_id = $1",
  })) {
    counts[name] = (await query(text, [caller.organizationId])).length
  }
  return counts
}

describe('a purge', () => {
  test('deletes what is over, with its secrets, and nothing else of anybody', async () => {
    for (const days of [-1, 0.5, 6, 8, 399, 401]) await leave(days)
    const other = { ...caller, ...(await world.addOrganization()) }
    const mine = caller
    caller = other
    await leave(1000)
    caller = mine
    const { purged, complete } = await purge(world.context.db, caller.organizationId)
    expect([purged, complete]).toEqual([
      {
        auditEntries: 1,
        connectSessions: 3,
        webhookDeliveries: 0,
        authorizations: 5,
        replacedSecrets: 5,
        replacedTokens: 0,
        verifications: 0,
        importKeys: 0,
        interruptedImports: 0,
        loggedCalls: 0,
        calls: 0,
        limitBudgets: 5,
        limitPools: 5,
        bearerTokens: 5,
        idempotencyAnswers: 5,
      },
      true,
    ])
    expect(await left()).toEqual({
      audit: 5,
      sessions: 3,
      authorizations: 1,
      secrets: 1,
      claims: 1,
      tokens: 1,
      // With the one that is not replaced.
      accessSecrets: 2,
      limitWindows: 1,
      limitPools: 1,
      userSecrets: 2,
    })
    caller = other
    expect(Object.values(await left())).toEqual([1, 1, 1, 1, 1, 1, 2, 1, 1, 2])
  })

  test('goes by what the organization says', async () => {
    for (const days of [0.5, 2, 20, 50]) await leave(days)
    await write({ auditEntries: 30, connectSessions: 1 })
    await purge(world.context.db, caller.organizationId)
    expect(await left()).toMatchObject({ audit: 3, sessions: 1 })
  })

  test('takes many batches where there is much, and says when its time does not suffice', async () => {
    for (const days of [500, 501, 502, 503, 504]) await leave(days)
    const { db } = world.context
    const hasty = await purge(db, caller.organizationId, { deadlineMs: -1 })
    expect([hasty.complete, (await left()).audit]).toEqual([false, 5])
    const patient = await purge(db, caller.organizationId, { limit: 2 })
    expect([patient.complete, (await left()).audit]).toEqual([true, 0])
  })

  test('by two at once deletes each record once', async () => {
    for (let count = 0; count < 20; count += 1) await leave(500 + count)
    const { db } = world.context
    const both = await Promise.all([1, 2].map(() => purge(db, caller.organizationId, { limit: 3 })))
    const total = both.reduce((sum, { purged }) => sum + purged.auditEntries!, 0)
    expect([total, (await left()).audit]).toEqual([20, 0])
  })

  test('happens in the background for every organization', async () => {
    await leave(1000)
    const { jobs, db } = world.context
    const { organizationId } = caller
    await jobs.send(db.pool, 'plan-purges', { organizationId: 0 }, { key: 'plan' })
    const planned = () =>
      query("select from jobs.job where name = 'purge' and singleton_key = $1", [
        `${organizationId}`,
      ])
    await until(async () => (await planned()).length > 0)
    // Its turn comes within a day: now, for the test.
    await jobs.send(db.pool, 'purge', { organizationId }, { key: `${organizationId}` })
    await until(async () => (await left()).audit === 0)
  })
})

test('the turn of an organization comes within a day, and is the same however often one asks', () => {
  const now = Date.UTC(2026, 0, 1, 12)
  for (const organizationId of [1, 2, 10_000, 2 ** 40]) {
    const first = secondsUntilTurn(organizationId, now)
    expect(first).toBeGreaterThanOrEqual(0)
    expect(first).toBeLessThan(86_400)
    const later = secondsUntilTurn(organizationId, now + 3_600_000)
    expect((later + 3_600) % 86_400).toBe(first)
  }
})
