import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { startWorld, type World } from '../support/world.ts'

const limit = { name: 'Contract', windows: [{ amount: 100, unit: 'minute' }] }
const pool = { name: 'Import', limit: 5 }

let world: World
let colleague: { authorization: string; userId: number }
let stranger: { authorization: string }

beforeAll(async () => {
  world = await startWorld()
})
beforeEach(async () => {
  world = Object.assign(world, await world.addOrganization())
  colleague = await addColleague(world)
  stranger = await world.addOrganization()
})
afterAll(() => world[Symbol.asyncDispose]())

const make = async (path: string, body: object, as: { authorization: string } = world) => {
  const answer = await call(world, 'POST', path, { body, ...as })
  expect(answer.status).toBe(200)
  return answer.body
}
const instanceWith = (settings: object, as: { authorization: string } = world) =>
  call(world, 'POST', '/instances', { body: { ...helpDesk(world), settings }, ...as })

describe.each([
  ['/rate-limits', 'rate-limit', 'rateLimitId', limit, { windows: [{ amount: 1, unit: 'day' }] }],
  ['/connection-pools', 'connection-pool', 'connectionPoolId', pool, { limit: 2 }],
])('%s', (path, kind, setting, body, change) => {
  test('is made, read, listed, changed and deleted by its owner', async () => {
    const made = await make(path, body)
    expect(made).toMatchObject({ ...body, shared: false, instances: 0, user: { id: world.userId } })
    const { live, ...read } = (await call(world, 'GET', `${path}/${made.id}`)).body
    expect(read).toEqual(made)
    expect(live).toMatchObject({ waiting: 0, longestWaitSeconds: 0 })
    expect((await call(world, 'GET', path)).body).toEqual([made])
    const changed = await call(world, 'PUT', `${path}/${made.id}`, { body: change })
    expect(changed.body).toMatchObject({ ...body, ...change, id: made.id })
    expect((await call(world, 'PUT', `${path}/${made.id}`, { body: changed.body })).status).toBe(
      200,
    )
    expect((await call(world, 'DELETE', `${path}/${made.id}`)).status).toBe(200)
    const gone = await call(world, 'GET', `${path}/${made.id}`)
    expect([gone.status, gone.body.code]).toEqual([404, `${kind}-not-found`])
  })

  test('what it cannot be is refused, naming the member', async () => {
    for (const [wrong, key] of [
      [{ ...body, name: '' }, 'name'],
      [{ ...body, more: 1 }, ''],
      [{ name: 'Nothing' }, path === '/rate-limits' ? 'windows' : 'limit'],
    ] as const) {
      const answer = await call(world, 'POST', path, { body: wrong })
      expect([answer.status, answer.body.code]).toEqual([400, 'body-invalid'])
      expect(answer.body.invalid[0].key).toBe(key)
    }
  })

  test("another organization and another user do not find it; an admin finds everyone's", async () => {
    const { id } = await make(path, body)
    const theirs = await make(path, body, colleague)
    for (const as of [stranger, colleague]) {
      for (const method of ['GET', 'PUT', 'DELETE'] as const) {
        const changes = method === 'PUT' ? { body: { name: 'Mine' } } : {}
        const answer = await call(world, method, `${path}/${id}`, { ...changes, ...as })
        expect([answer.status, answer.body.code]).toEqual([404, `${kind}-not-found`])
      }
    }
    expect((await call(world, 'GET', path, colleague)).body).toEqual([theirs])
    expect((await call(world, 'GET', path)).body.map((one: { id: number }) => one.id)).toEqual([
      id,
      theirs.id,
    ])
  })

  test('an admin shares it; whom it is shared with uses it and does not change it', async () => {
    const refused = await call(world, 'POST', path, {
      body: { ...body, shared: true },
      ...colleague,
    })
    expect([refused.status, refused.body.code]).toEqual([403, 'role-insufficient'])
    const { id } = await make(path, { ...body, shared: true })
    const change = await call(world, 'PUT', `${path}/${id}`, {
      body: { name: 'Mine' },
      ...colleague,
    })
    expect([change.status, change.body.code]).toEqual([403, 'role-insufficient'])
    expect((await instanceWith({ [setting]: id }, colleague)).status).toBe(200)
    const unshared = await call(world, 'PUT', `${path}/${id}`, { body: { shared: false } })
    expect([unshared.status, unshared.body.code]).toEqual([409, `${kind}-in-use`])
  })

  test('an instance names an own one, and none of somebody else', async () => {
    const { id } = await make(path, body, colleague)
    const refused = await instanceWith({ [setting]: id })
    expect([refused.status, refused.body.code]).toEqual([400, 'settings-invalid'])
    expect(refused.body.invalid).toEqual([
      { key: `settings.${setting}`, reason: expect.stringContaining(String(id)) },
    ])
    const made = await instanceWith({ [setting]: id }, colleague)
    expect(made.body.settings).toEqual(expect.objectContaining({ [setting]: id }))
    const change = { body: { settings: { [setting]: id + 1_000_000 } }, ...colleague }
    const patched = await call(world, 'PATCH', `/instances/${made.body.id}`, change)
    expect([patched.status, patched.body.code]).toEqual([400, 'settings-invalid'])
  })

  test('while instances name it, it stays, and they are named', async () => {
    const { id } = await make(path, { ...body, shared: true })
    const own = await instanceWith({ [setting]: id })
    await instanceWith({ [setting]: id }, colleague)
    expect((await call(world, 'GET', `${path}/${id}`)).body.instances).toBe(2)
    const refused = await call(world, 'DELETE', `${path}/${id}`)
    expect([refused.status, refused.body.code]).toEqual([409, `${kind}-in-use`])
    expect(refused.body.references).toHaveLength(2)
    expect(refused.body.references[0]).toMatchObject({ id: own.body.id, name: 'Test' })
    const free = { body: { settings: { [setting]: null } } }
    await call(world, 'PATCH', `/instances/${own.body.id}`, free)
    expect((await call(world, 'GET', `${path}/${id}`)).body.instances).toBe(1)
  })
})

test('a limit of its own and a shared one at once are refused', async () => {
  const { id } = await make('/rate-limits', limit)
  const both = { rateLimitId: id, rateLimits: [{ amount: 1, unit: 'second' }] }
  const refused = await instanceWith(both)
  expect([refused.status, refused.body.code]).toEqual([400, 'settings-invalid'])
  expect(refused.body.message).toContain('one of them')
})

test('a pool does not stand for a rate limit', async () => {
  const { id } = await make('/connection-pools', pool)
  expect((await instanceWith({ rateLimitId: id })).body.code).toBe('settings-invalid')
  expect((await call(world, 'GET', `/rate-limits/${id}`)).status).toBe(404)
})
