import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { purge } from '../../src/retention/purge.ts'
import { rotate } from '../../src/vault/rotate.ts'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

async function provision(): Promise<{ id: number; token: string }> {
  const { status, body } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
  expect(status).toBe(200)
  return body
}
const change = (id: number, body?: unknown, headers: Record<string, string> = {}) =>
  call(world, 'POST', `/instances/${id}/token`, { headers, ...(body !== undefined && { body }) })
const revoke = (id: number, query = '?previous=true') =>
  call(world, 'DELETE', `/instances/${id}/token${query}`)
const read = async (id: number) => (await call(world, 'GET', `/instances/${id}/token`)).body
const use = (token: string) =>
  call({ ...world, authorization: `Element ${token}, ${world.authorization}` }, 'GET', '/instances')
const works = async (token: string) => (await use(token)).status === 200
const query = async (text: string, values: unknown[] = []) =>
  (await world.context.db.pool.query(text, values)).rows
const rowsOf = async (id: number) =>
  query(
    `select (select count(*) from instance_tokens where instance_id = $1) as tokens,
       (select count(*) from secrets where owner = 'instance/' || $1 and entry = '$token')
         as secrets`,
    [id],
  )
const actionsOn = async (id: number) =>
  (
    await query(
      `select action, detail from audit_entries
       where organization_id = $1 and instance_id = $2 and action <> 'instance.created'
       order by id`,
      [world.organizationId, id],
    )
  ).map(({ action, detail }) => [action, detail])

describe('a token that another one replaces', () => {
  test('goes on working for a day, beside the new one', async () => {
    const { id, token } = await provision()
    const { status, body, headers } = await change(id)
    expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: '"2"' })
    expect(body.token).not.toBe(token)
    expect(body.previous).toHaveLength(1)
    const left = Date.parse(body.previous[0].expiresAt) - Date.parse(body.createdDate)
    expect(left).toBe(86_400_000)
    expect([await works(token), await works(body.token)]).toEqual([true, true])
    const found = await call(world, 'GET', `/instances/${id}`)
    expect([found.body.token, found.headers.etag]).toEqual([body.token, '"2"'])
    expect((await use(token)).body.token).toBe(body.token)
    const listed = (await call(world, 'GET', '/instances')).body
    expect(listed.find((one: { id: number }) => one.id === id).token).toBe(body.token)
    const changed = await call(world, 'PATCH', `/instances/${id}`, { body: { name: 'New' } })
    expect(changed.body).toMatchObject({ name: 'New', token: body.token })
    expect(Object.keys(changed.body.configuration)).not.toContain('$token')
    expect(await actionsOn(id)).toEqual([
      ['instance.token-rotated', { overlapSeconds: 86_400 }],
      ['instance.updated', expect.anything()],
    ])
  })

  test('ends at once where no overlap is wanted, and nothing of it is left', async () => {
    const { id, token } = await provision()
    const { body } = await change(id, { overlapSeconds: 0 })
    expect(body.previous).toEqual([])
    const refused = await use(token)
    expect([refused.status, refused.body.code]).toEqual([401, 'element-unknown'])
    expect(await works(body.token)).toBe(true)
    expect(await rowsOf(id)).toEqual([{ tokens: 1, secrets: 1 }])
  })

  test('stops working when its time is over, and is cleared away', async () => {
    const { id, token } = await provision()
    const { body } = await change(id, { overlapSeconds: 60 })
    await query(
      `update instance_tokens set expires_at = now() - interval '1 second'
       where instance_id = $1 and expires_at is not null`,
      [id],
    )
    expect([await works(token), await works(body.token)]).toEqual([false, true])
    expect((await read(id)).previous).toEqual([])
    const { purged } = await purge(world.context.db, world.organizationId)
    expect(purged.replacedTokens).toBe(1)
    expect(await rowsOf(id)).toEqual([{ tokens: 1, secrets: 1 }])
    expect((await call(world, 'GET', `/instances/${id}`)).body.token).toBe(body.token)
  })

  test('never gets more time by another rotation', async () => {
    const { id, token } = await provision()
    await change(id, { overlapSeconds: 60 })
    const [first] = (await read(id)).previous
    const { body } = await change(id, { overlapSeconds: 3600 })
    expect(body.previous).toHaveLength(2)
    expect(body.previous[1].expiresAt).toBe(first.expiresAt)
    expect(await works(token)).toBe(true)
  })

  test('is revoked before its time, and so are all before the newest', async () => {
    const { id, token } = await provision()
    const second = (await change(id)).body.token
    const third = (await change(id)).body.token
    const { status, body, headers } = await revoke(id)
    expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: '"4"' })
    expect(body).toMatchObject({ token: third, previous: [] })
    expect([await works(token), await works(second), await works(third)]).toEqual([
      false,
      false,
      true,
    ])
    expect(await rowsOf(id)).toEqual([{ tokens: 1, secrets: 1 }])
    expect((await actionsOn(id)).at(-1)).toEqual(['instance.token-revoked', { tokens: 2 }])
    const again = await revoke(id)
    expect([again.status, again.headers.etag]).toEqual([200, '"4"'])
  })

  test('is under the newest keys after they turn, as the new one is', async () => {
    const { id, token } = await provision()
    const { body } = await change(id)
    const { db, vault } = world.context
    const report = await rotate(db, vault, { settleMs: 0 })
    expect(report.failures).toEqual([])
    const peppers = await query('select distinct pepper_id from instance_tokens')
    expect(peppers).toEqual([{ pepper_id: 2 }])
    expect([await works(token), await works(body.token)]).toEqual([true, true])
    await revoke(id)
    expect([await works(token), await works(body.token)]).toEqual([false, true])
  })
})

describe('rotating is refused', () => {
  test.each([
    [{ overlapSeconds: -1 }],
    [{ overlapSeconds: 30 * 86_400 + 1 }],
    [{ overlapSeconds: 1.5 }],
    [{ overlapSeconds: '60' }],
    [{ token: 'mine' }],
    [[]],
  ])('with %j', async (body) => {
    const { id, token } = await provision()
    const refused = await change(id, body)
    expect([refused.status, refused.body.code]).toEqual([400, 'body-invalid'])
    expect((await read(id)).token).toBe(token)
  })

  test('where somebody changed the instance since, and If-Match says so', async () => {
    const { id, token } = await provision()
    await call(world, 'PATCH', `/instances/${id}`, { body: { name: 'New' } })
    const refused = await change(id, {}, { 'if-match': '"1"' })
    expect([refused.status, refused.body.code]).toEqual([412, 'instance-changed'])
    expect((await change(id, {}, { 'if-match': '"2"' })).status).toBe(200)
    expect(await works(token)).toBe(true)
  })

  test('to others, as is reading and revoking', async () => {
    const { id, token } = await provision()
    for (const { authorization } of [await world.addOrganization(), await addColleague(world)]) {
      for (const [method, path] of [
        ['GET', `/instances/${id}/token`],
        ['POST', `/instances/${id}/token`],
        ['DELETE', `/instances/${id}/token?previous=true`],
      ] as const) {
        const { status, body } = await call(world, method, path, { authorization })
        expect([status, body.code]).toEqual([404, 'instance-not-found'])
      }
    }
    expect((await read(id)).token).toBe(token)
  })

  test('and revoking the newest, which has to be replaced instead', async () => {
    const { id } = await provision()
    for (const wrong of ['', '?previous=false']) {
      expect((await revoke(id, wrong)).body.code).toBe('parameters-invalid')
    }
  })
})

test('of many rotations at once each counts, and one token is the newest', async () => {
  const { id } = await provision()
  const answers = await Promise.all([change(id), change(id), change(id)])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  const { token, previous } = await read(id)
  expect(previous).toHaveLength(3)
  expect(answers.map(({ body }) => body.token)).toContain(token)
  for (const { body } of answers) expect(await works(body.token)).toBe(true)
})

describe('when a token was last used', () => {
  const usedAt = async (id: number) => (await read(id)).lastUsedAt
  const setUsed = (id: number, ago: string) =>
    query('update instance_tokens set last_used_at = now() - $2::interval where instance_id = $1', [
      id,
      ago,
    ])

  test('is told a little later, of each token by itself', async () => {
    const { id, token } = await provision()
    expect(await usedAt(id)).toBeNull()
    await use(token)
    await until(async () => (await usedAt(id)) !== null)
    const { body } = await change(id)
    expect(body).toMatchObject({ lastUsedAt: null, previous: [{ lastUsedAt: expect.any(String) }] })
    await use(body.token)
    await until(async () => (await usedAt(id)) !== null)
  })

  test('is written once a minute at most', async () => {
    const { id, token } = await provision()
    await setUsed(id, '59 seconds')
    const before = await usedAt(id)
    await use(token)
    await world.context.tokenUses.flush()
    expect(await usedAt(id)).toBe(before)
    await setUsed(id, '61 seconds')
    const longer = await usedAt(id)
    await use(token)
    await world.context.tokenUses.flush()
    expect(Date.parse(await usedAt(id))).toBeGreaterThan(Date.parse(longer))
  })

  test('is not told for a request that is refused', async () => {
    const { id, token } = await provision()
    const { authorization } = await addColleague(world)
    const stranger = { ...world, authorization: `Element ${token}, ${authorization}` }
    expect((await call(stranger, 'GET', '/instances')).status).toBe(401)
    await world.context.tokenUses.flush()
    expect(await usedAt(id)).toBeNull()
  })
})
