import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bodyOf } from '../certificates/fixtures.ts'
import { type Answer, call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { startWorld, type World } from '../support/world.ts'
import { writeEntry } from './entries.ts'

let world: World
let colleague: { authorization: string; userId: number }
let instance: Answer
let certificate: Answer
let replaced: Answer
beforeAll(async () => {
  world = await startWorld()
  colleague = await addColleague(world)
  const { authorization } = colleague
  instance = await call(world, 'POST', '/instances', { body: helpDesk(world), authorization })
  const body = bodyOf('default.p12', { shared: false })
  certificate = await call(world, 'POST', '/certificates', { body, authorization })
  replaced = await call(world, 'PUT', `/certificates/${certificate.body.id}`, { body })
})
afterAll(() => world[Symbol.asyncDispose]())

const read = (query = '', authorization = world.authorization) =>
  call(world, 'GET', `/audit${query}`, { authorization })
const idOf = ({ headers }: Answer) => String(headers['elements-request-id'])
const actions = ({ body }: Answer) => body.map(({ action }: { action: string }) => action)

test('an entry says who did what to which instance, when, from where and in which request', async () => {
  const { status, body } = await read(`?instanceId=${instance.body.id}`)
  expect(status).toBe(200)
  expect(body).toEqual([
    {
      id: expect.any(Number),
      createdDate: instance.body.createdDate,
      action: 'instance.created',
      actor: 'user',
      userId: colleague.userId,
      ownerId: null,
      instanceId: instance.body.id,
      requestId: idOf(instance),
      address: '127.0.0.1',
      detail: {},
    },
  ])
})

test('an admin reads the whole organization, the latest first', async () => {
  const { body } = await read()
  expect(body.slice(0, 4).map((entry: { action: string }) => entry.action)).toEqual([
    'certificate.replaced',
    'certificate.created',
    'instance.created',
    'element.installed',
  ])
  expect(body[0]).toMatchObject({ userId: world.userId, ownerId: colleague.userId })
})

test('a user reads own deeds, and what others did to what is theirs, without their address', async () => {
  const { body } = await read('', colleague.authorization)
  expect(body.slice(0, 4)).toMatchObject([
    { action: 'certificate.replaced', userId: world.userId, address: null },
    { action: 'certificate.created', userId: colleague.userId, address: '127.0.0.1' },
    { action: 'instance.created' },
    { action: 'element.installed' },
  ])
  const { authorization } = await addColleague(world)
  expect((await read('', authorization)).body).toEqual([])
  for (const query of [`?instanceId=${instance.body.id}`, `?userId=${colleague.userId}`]) {
    expect((await read(query, authorization)).body).toEqual([])
  }
})

test('another organization reads nothing of it, whatever it asks for', async () => {
  const other = await world.addOrganization()
  for (const query of ['', `?instanceId=${instance.body.id}`, `?requestId=${idOf(instance)}`]) {
    const { status, body } = await read(query, other.authorization)
    expect([status, JSON.stringify(body)]).toEqual([200, expect.not.stringContaining('instance.')])
  }
})

describe('filters', () => {
  test('by user, action and request find what they name, and must all hold', async () => {
    expect(actions(await read(`?userId=${world.userId}&action=certificate.replaced`))).toEqual([
      'certificate.replaced',
    ])
    expect(actions(await read(`?requestId=${idOf(replaced)}`))).toEqual(['certificate.replaced'])
    expect(actions(await read('?action=certificate.created'))).toEqual(['certificate.created'])
    for (const query of [
      `?requestId=${idOf(replaced)}&userId=${colleague.userId}`,
      `?instanceId=${instance.body.id}&action=certificate.created`,
      '?action=certificate',
    ]) {
      expect((await read(query)).body).toEqual([])
    }
  })

  test('by time begin at "from" and end before "to"', async () => {
    const { authorization, organizationId } = await world.addOrganization()
    for (const day of [1, 2, 3]) {
      const at = new Date(`2020-01-0${day}T00:00:00Z`)
      await writeEntry(world, { organizationId, at, action: `day.${day}` })
    }
    const between = async (query: string) =>
      actions(await read(query, authorization)).filter((action: string) => action < 'e')
    expect(await between('?from=2020-01-02&to=2020-01-03')).toEqual(['day.2'])
    expect(await between('?to=2020-01-02T00:00:00.001Z')).toEqual(['day.2', 'day.1'])
    expect(await between('?from=2020-01-03T01:00:00%2B01:00&to=2021-01-01')).toEqual(['day.3'])
  })

  test.each([
    '?from=yesterday',
    '?to=2020-13-01',
    '?from=1',
    '?userId=x',
    '?instanceId=0',
    '?instanceId=9007199254740993',
    '?pageSize=201',
    '?nextPage=abc',
    `?nextPage=${Buffer.from('1e3.5').toString('base64url')}`,
    `?nextPage=${Buffer.from('9e99.5').toString('base64url')}`,
    `?nextPage=${Buffer.from('-8640000000000000.1').toString('base64url')}`,
    '?action=%00',
    '?requestId=a%00b',
  ])('that make no sense are refused: %s', async (query) => {
    const { status, body } = await read(query)
    expect([status, body.code]).toEqual([400, 'parameters-invalid'])
  })
})

test('pages hold every entry once, also of the same moment', async () => {
  const { authorization, organizationId, userId } = await world.addOrganization()
  const at = new Date('2020-01-01T00:00:00Z')
  for (let count = 0; count < 7; count += 1) {
    await writeEntry(world, { organizationId, at, userId: count % 2 ? userId : null })
  }
  const seen: number[] = []
  let query = '?action=thing.done&pageSize=3'
  for (;;) {
    const { body, headers } = await read(query, authorization)
    expect(headers['elements-returned-count']).toBe(String(body.length))
    seen.push(...body.map(({ id }: { id: number }) => id))
    const next = headers['elements-next-page-token']
    if (!next) break
    query = `?action=thing.done&pageSize=3&nextPage=${next}`
  }
  expect(seen).toHaveLength(7)
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => b - a))
})

test('nobody reads the audit without being known', async () => {
  const { status, body } = await call(world, 'GET', '/audit', { authorization: null })
  expect([status, body.code]).toEqual([401, 'access-missing'])
})

test.each(['POST', 'PUT', 'DELETE'] as const)(
  'no route changes the audit by %s',
  async (method) => {
    expect((await call(world, method, '/audit')).status).toBeGreaterThanOrEqual(404)
  },
)
