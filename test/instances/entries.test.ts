import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { startWorld, type World } from '../support/world.ts'
import { draft } from './drafts.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world[Symbol.asyncDispose]())

const key = (name: string) => `helpdesk.connectwise.${name}`

async function provision(configuration: object = {}) {
  const { body } = await call(world, 'POST', '/instances', { body: helpDesk(world, configuration) })
  return { ...body, path: `/instances/${body.id}/configuration` }
}

interface Entry {
  id: number
  key: string
  propertyValue: string | null
}

const entriesOf = async (path: string): Promise<Entry[]> => (await call(world, 'GET', path)).body
const entry = async (path: string, name: string) =>
  (await entriesOf(path)).find((one) => one.key === name)!
const patch = (path: string, { id }: Entry, propertyValue: unknown, headers = {}) =>
  call(world, 'PATCH', `${path}/${id}`, { body: { propertyValue }, headers })

describe('the configuration, entry by entry', () => {
  test('is what the instance answers, as texts, with secrets as stars', async () => {
    const made = await provision({ 'event.notification.enabled': false, 'pagination.max': 50 })
    const { status, body, headers } = await call(world, 'GET', made.path)
    expect([status, headers.etag]).toEqual([200, '"1"'])
    const values = Object.fromEntries(
      body.map(({ key, propertyValue }: Entry) => [key, propertyValue]),
    )
    const shown = Object.entries(made.configuration).map(([name, value]) => [
      name,
      value === null ? null : String(value),
    ])
    expect(values).toEqual(Object.fromEntries(shown))
    expect(values).toMatchObject({
      [key('username')]: 'api1',
      [key('password')]: '********',
      'event.notification.enabled': 'false',
      'pagination.max': '50',
    })
    expect(await entry(made.path, key('password'))).toMatchObject({
      name: expect.any(String),
      type: 'PASSWORD',
      required: true,
      secret: true,
      active: true,
    })
  })

  test('has ids that are the same in every instance and next to none other', async () => {
    const [one, other] = [
      await entriesOf((await provision()).path),
      await entriesOf((await provision()).path),
    ]
    expect(one.map(({ id }) => id)).toEqual(other.map(({ id }) => id))
    expect(new Set(one.map(({ id }) => id)).size).toBe(one.length)
    expect(one.every(({ id }) => Number.isSafeInteger(id) && id > 0)).toBe(true)
  })

  test('is found by the token alone', async () => {
    const made = await provision()
    const authorization = `${world.authorization}, Element ${made.token}`
    const own = await call({ ...world, authorization }, 'GET', '/instances/configuration')
    expect(own.body).toEqual(await entriesOf(made.path))
    const [first] = own.body
    const path = `/instances/configuration/${first.id}`
    const single = await call({ ...world, authorization }, 'GET', path)
    expect(single.body).toEqual(first)
    const body = { propertyValue: 'api1' }
    const username = own.body.find((one: Entry) => one.key === key('username'))
    const changed = await call(
      { ...world, authorization },
      'PATCH',
      `/instances/configuration/${username.id}`,
      { body },
    )
    expect([changed.status, changed.body]).toEqual([200, username])
  })

  test('is nobody else’s', async () => {
    const made = await provision()
    const username = await entry(made.path, key('username'))
    const { authorization } = await addColleague(world)
    const stranger = await world.addOrganization()
    for (const caller of [authorization, stranger.authorization]) {
      for (const [method, path] of [
        ['GET', made.path],
        ['GET', `${made.path}/${username.id}`],
        ['PATCH', `${made.path}/${username.id}`],
      ] as const) {
        const body = method === 'PATCH' ? { body: { propertyValue: 'x' } } : {}
        const answer = await call({ ...world, authorization: caller }, method, path, body)
        expect([answer.status, answer.body.code]).toEqual([404, 'instance-not-found'])
      }
    }
  })

  test('has no entry of another id', async () => {
    const { path } = await provision()
    for (const method of ['GET', 'PATCH'] as const) {
      const body = method === 'PATCH' ? { body: { propertyValue: 'x' } } : {}
      const { status, body: problem } = await call(world, method, `${path}/4711`, body)
      expect([status, problem.code]).toEqual([404, 'instance-entry-not-found'])
      expect((await call(world, method, `${path}/abc`, body)).body.code).toBe('parameters-invalid')
    }
  })
})

describe('one entry that is changed', () => {
  test('is proved at the vendor before it is stored', async () => {
    const made = await provision()
    const password = await entry(made.path, key('password'))
    const refused = await patch(made.path, password, 'wrong')
    expect([refused.status, refused.body.code]).toEqual([400, 'credentials-rejected'])
    expect((await call(world, 'POST', `/instances/${made.id}/verify`)).status).toBe(200)
    expect((await call(world, 'GET', `/instances/${made.id}`)).headers.etag).toBe('"1"')
    const changed = await patch(made.path, password, 'api1')
    expect([changed.status, changed.body.propertyValue]).toEqual([200, '********'])
    expect(changed.headers.etag).toBe('"2"')
    expect(changed.text).not.toContain('"api1"')
  })

  test('takes no secret to another host', async () => {
    const made = await provision()
    const address = await entry(made.path, key('server.url'))
    const elsewhere = world.sandbox.url.replace('127.0.0.1', 'localhost')
    const { status, body } = await patch(made.path, address, elsewhere)
    expect([status, body.code]).toEqual([422, 'secrets-required'])
    expect(body.missing).toEqual([expect.objectContaining({ key: key('password') })])
    expect((await entry(made.path, key('server.url'))).propertyValue).toBe(world.sandbox.url)
  })

  test('is kept where stars come back, and a whole entry may come back', async () => {
    const made = await provision()
    const password = await entry(made.path, key('password'))
    const { status, body } = await call(world, 'PATCH', `${made.path}/${password.id}`, {
      body: password,
    })
    expect([status, body]).toEqual([200, password])
    expect((await call(world, 'POST', `/instances/${made.id}/verify`)).status).toBe(200)
  })

  test('is changed only where If-Match names what is there', async () => {
    const made = await provision()
    const username = await entry(made.path, key('username'))
    const { status, body } = await patch(made.path, username, 'api1', { 'if-match': '"7"' })
    expect([status, body.code]).toEqual([412, 'instance-changed'])
  })

  test('takes its value away with null, which a required one does not let', async () => {
    const made = await draft(world)
    const path = `/instances/${made.id}/configuration`
    const { status, body } = await patch(path, await entry(path, key('username')), null)
    expect([status, body.code]).toEqual([400, 'configuration-incomplete'])
    const universal = await provision({ 'pagination.max': 50 })
    const paging = await entry(universal.path, 'pagination.max')
    expect((await patch(universal.path, paging, '100')).body.propertyValue).toBe('100')
  })

  test.each([[{}], [{ propertyValue: {} }], [[]], ['']])(
    'is refused without a value: %j',
    async (body) => {
      const made = await provision()
      const { id } = await entry(made.path, key('username'))
      const answer = await call(world, 'PATCH', `${made.path}/${id}`, { body })
      expect([answer.status, answer.body.code]).toEqual([400, 'body-invalid'])
    },
  )
})
