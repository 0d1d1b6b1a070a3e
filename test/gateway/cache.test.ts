import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import type { World } from '../support/world.ts'
import { countQueries, see, startFirst, startMirror, startReplica } from './replicas.ts'
import { connect, password } from './scene.ts'

let vendor: Awaited<ReturnType<typeof startMirror>>
let world: World
let replicas: World[]
beforeAll(async () => {
  vendor = await startMirror()
  world = await startFirst()
  replicas = [await startReplica(world), await startReplica(world)]
})
afterAll(async () => {
  for (const replica of [...replicas, world, vendor]) await replica[Symbol.asyncDispose]()
})

const seeAll = (authorization: string) =>
  Promise.all([world, ...replicas].map((replica) => see(replica, authorization)))
const everywhere = (what: string) => [what, what, what]
const change = async (method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: object) => {
  const answer = await call(world, method, path, { body })
  expect([answer.text, answer.status]).toEqual([answer.text, 200])
  return answer.body
}

test('calls through a known instance ask the database nothing', async () => {
  const { authorization } = await connect(world, vendor.url)
  expect(await see(world, authorization)).toBe(password)
  const sent = await countQueries(world, async () => {
    for (let times = 0; times < 20; times += 1) await see(world, authorization)
  })
  expect(sent).toEqual([])
})

test('an instance is opened once for many who ask at once', async () => {
  const { authorization } = await connect(world, vendor.url)
  const alone = await connect(world, vendor.url)
  const one = await countQueries(world, () => see(world, alone.authorization))
  const many = await countQueries(world, () =>
    Promise.all(Array.from({ length: 50 }, () => see(world, authorization))),
  )
  expect(one.length).toBeGreaterThan(0)
  // The use of a token may be noted meanwhile: a query, and a connection for it.
  expect(many.length).toBeLessThanOrEqual(one.length + 2)
})

test('what was refused is asked for again', async () => {
  const { id, authorization } = await connect(world, vendor.url)
  await change('DELETE', `/instances/${id}/enabled`)
  expect(await seeAll(authorization)).toEqual(everywhere('instance-disabled'))
  await change('PUT', `/instances/${id}/enabled`)
  expect(await seeAll(authorization)).toEqual(everywhere(password))
})

describe('when it is answered, every process knows', () => {
  test('another password, 50 times in a row', async () => {
    const { id, authorization } = await connect(world, vendor.url)
    for (let times = 0; times < 50; times += 1) {
      const secret = `password-number-${times}-of-many`
      await change('PATCH', `/instances/${id}`, { configuration: { secret } })
      expect(await seeAll(authorization)).toEqual(everywhere(secret))
    }
  })

  test('that an instance is disabled and enabled, 50 times in a row', async () => {
    const { id, authorization } = await connect(world, vendor.url)
    for (let times = 0; times < 25; times += 1) {
      await change('DELETE', `/instances/${id}/enabled`)
      expect(await seeAll(authorization)).toEqual(everywhere('instance-disabled'))
      await change('PUT', `/instances/${id}/enabled`)
      expect(await seeAll(authorization)).toEqual(everywhere(password))
    }
  })

  test('that a token has been replaced, 50 times in a row', async () => {
    const instance = await connect(world, vendor.url)
    let { authorization } = instance
    for (let times = 0; times < 50; times += 1) {
      expect(await seeAll(authorization)).toEqual(everywhere(password))
      const path = `/instances/${instance.id}/token`
      const { token } = await change('POST', path, { overlapSeconds: 0 })
      expect(await seeAll(authorization)).toEqual(everywhere('element-unknown'))
      authorization = `${world.authorization}, Element ${token}`
    }
  })

  test('that instances are deleted, 25 times in a row', async () => {
    for (let times = 0; times < 25; times += 1) {
      const { id, authorization } = await connect(world, vendor.url)
      expect(await seeAll(authorization)).toEqual(everywhere(password))
      await change('DELETE', `/instances/${id}`)
      expect(await seeAll(authorization)).toEqual(everywhere('element-unknown'))
    }
  })

  test('that a user is deactivated and active again, 25 times in a row', async () => {
    const colleague = await addColleague(world)
    const theirs = { ...world, authorization: colleague.authorization }
    const { authorization } = await connect(theirs, vendor.url)
    for (let times = 0; times < 25; times += 1) {
      expect(await seeAll(authorization)).toEqual(everywhere(password))
      await change('PATCH', `/users/${colleague.userId}`, { active: false })
      expect(await seeAll(authorization)).toEqual(everywhere('user-unknown'))
      await change('PATCH', `/users/${colleague.userId}`, { active: true })
    }
  })

  test('another role', async () => {
    const colleague = await addColleague(world)
    const ask = (replica: World) =>
      call(replica, 'GET', '/audit?limit=1', { authorization: colleague.authorization })
    const look = async () =>
      Promise.all([world, ...replicas].map(async (one) => (await ask(one)).status))
    const plain = await look()
    for (let times = 0; times < 10; times += 1) {
      await change('PATCH', `/users/${colleague.userId}`, { roles: ['org-admin'] })
      expect(await look()).toEqual([200, 200, 200])
      await change('PATCH', `/users/${colleague.userId}`, { roles: ['user'] })
      expect(await look()).toEqual(plain)
    }
  })

  test('another limit', async () => {
    const windows = [{ amount: 7, unit: 'second' }]
    const made = await call(world, 'POST', '/rate-limits', { body: { name: 'Budget', windows } })
    const rateLimitId = made.body.id
    const { id, authorization } = await connect(world, vendor.url)
    const limits = () =>
      Promise.all(
        replicas.map(async ({ context }) => {
          const { limited } = await context.connections.of(authorization)
          return limited?.budget?.windows
        }),
      )
    expect(await limits()).toEqual([undefined, undefined])
    await change('PATCH', `/instances/${id}`, { settings: { rateLimitId } })
    const limited = [{ amount: 7, periodMs: 1000 }]
    expect(await limits()).toEqual([limited, limited])
    const wider = [{ amount: 9, unit: 'minute', every: 2 }]
    await change('PUT', `/rate-limits/${rateLimitId}`, { name: 'Budget', windows: wider })
    const widened = [{ amount: 9, periodMs: 120_000 }]
    expect(await limits()).toEqual([widened, widened])
  })
})

test('a token that ends is no longer known then', async () => {
  const { id, authorization } = await connect(world, vendor.url)
  expect(await see(world, authorization)).toBe(password)
  await change('POST', `/instances/${id}/token`, { overlapSeconds: 1 })
  expect(await see(world, authorization)).toBe(password)
  await expect.poll(() => see(world, authorization), { timeout: 10_000 }).toBe('element-unknown')
})

test('a process that ended is not waited for', async () => {
  const { id, authorization } = await connect(world, vendor.url)
  const gone = await startReplica(world)
  expect(await see(gone, authorization)).toBe(password)
  const count = async () => {
    const { rows } = await world.context.db.pool.query('select from replicas')
    return rows.length
  }
  expect(await count()).toBe(4)
  await gone[Symbol.asyncDispose]()
  expect(await count()).toBe(3)
  await change('DELETE', `/instances/${id}`)
})
