import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addPerson, type Person } from '../access/people.ts'
import { call, helpDesk } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'

const mask = '********'

let world: World
let admin: Person
let owner: Person
let colleague: Person
let instance: { id: number; token: string }

beforeAll(async () => {
  world = await startWorld()
  admin = await addPerson(world, { roles: ['org-admin'] })
  owner = await addPerson(world)
  colleague = await addPerson(world)
})
afterAll(() => world[Symbol.asyncDispose]())
beforeEach(async () => {
  instance = (await as(owner, 'POST', '/instances', helpDesk(world))).body
})

function as(
  { authorization }: { authorization: string },
  method: Parameters<typeof call>[1],
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) {
  return call(world, method, path, { authorization, body, headers })
}

const withToken = ({ authorization }: Person) => ({
  authorization: `${authorization}, Element ${instance.token}`,
})

const stateOf = async () => (await as(owner, 'GET', `/instances/${instance.id}`)).body

const entriesOf = async (reader: Person) => {
  const { body } = await as(reader, 'GET', `/audit?instanceId=${instance.id}`)
  return (body as { action: string }[]).map(({ action }) => action)
}

describe('what admins may not do with instances of others', () => {
  const governing: [method: 'GET' | 'PUT' | 'DELETE', suffix: string, body?: object][] = [
    ['GET', ''],
    ['DELETE', ''],
    ['PUT', '/enabled'],
    ['DELETE', '/enabled'],
    ['PUT', '/owner', { user: 1 }],
  ]
  test.each(governing)(
    'a user who is no admin gets 404 for %s %s',
    async (method, suffix, body) => {
      const path = `/instances/${instance.id}${suffix}`
      const answer = await as(colleague, method, path, body)
      expect([answer.status, answer.body.code]).toEqual([404, 'instance-not-found'])
    },
  )

  test("a user who is no admin lists nobody else's instances", async () => {
    for (const of of [owner.id, 'nobody@example.com', 1]) {
      const { status, body } = await as(colleague, 'GET', `/instances?user=${of}`)
      expect([status, body.code]).toEqual([404, 'user-not-found'])
    }
  })

  test('an owner who is no admin gives an instance to nobody', async () => {
    const { status, body } = await as(owner, 'PUT', `/instances/${instance.id}/owner`, {
      user: colleague.id,
    })
    expect([status, body.code]).toEqual([403, 'role-insufficient'])
    expect((await stateOf()).user.id).toBe(owner.id)
  })

  test("an admin of another organization gets 404, and lists none of its users' instances", async () => {
    const foreign = await world.addOrganization()
    for (const [method, suffix, body] of governing) {
      const answer = await as(foreign, method, `/instances/${instance.id}${suffix}`, body)
      expect([answer.status, answer.body.code]).toEqual([404, 'instance-not-found'])
    }
    expect((await as(foreign, 'GET', `/instances?user=${owner.id}`)).status).toBe(404)
  })

  test('an admin neither calls through it, nor changes it, nor has its secrets', async () => {
    const path = `/instances/${instance.id}`
    const refused: [method: Parameters<typeof call>[1], suffix: string, body?: object][] = [
      ['PATCH', '', { name: 'Taken' }],
      ['PUT', '', { name: 'Taken', configuration: helpDesk(world).configuration }],
      ['POST', '/verify'],
      ['GET', '/ping'],
      ['GET', '/configuration'],
      ['POST', '/token', {}],
      ['PUT', '/references/flow', {}],
    ]
    for (const [method, suffix, body] of refused) {
      const { status } = await as(admin, method, path + suffix, body)
      expect([method, suffix, status]).toEqual([method, suffix, 404])
    }
    for (const reading of ['/ping', '/instances']) {
      expect((await as(withToken(admin), 'GET', reading)).status).toBe(401)
    }
  })

  test.each([
    ['nobody', () => 999_999_999],
    ['somebody of another organization', async () => (await world.addOrganization()).userId],
    [
      'somebody inactive',
      async () => {
        const { id } = await addPerson(world)
        await as(admin, 'PATCH', `/users/${id}`, { active: false })
        return id
      },
    ],
  ])('nothing is given to %s', async (_, heir) => {
    const user = await heir()
    const answer = await as(admin, 'PUT', `/instances/${instance.id}/owner`, { user })
    expect([answer.status, answer.body.code]).toEqual([400, 'body-invalid'])
    expect(answer.body.invalid[0].key).toBe('user')
    expect((await stateOf()).user.id).toBe(owner.id)
  })

  test('what somebody has changed meanwhile is not given away', async () => {
    await as(owner, 'PATCH', `/instances/${instance.id}`, { name: 'Newer' })
    const path = `/instances/${instance.id}/owner`
    const answer = await as(admin, 'PUT', path, { user: colleague.id }, { 'if-match': '"1"' })
    expect([answer.status, answer.body.code]).toEqual([412, 'instance-changed'])
    expect((await stateOf()).user.id).toBe(owner.id)
  })
})

describe('what admins may do with instances of others', () => {
  test.each(['', '/elements/connectwisehd'])(
    'see one below "%s", without its token',
    async (at) => {
      const { status, body, text } = await as(admin, 'GET', `${at}/instances/${instance.id}`)
      expect(status).toBe(200)
      const { token: _, ...rest } = await stateOf()
      expect(body).toEqual({ ...rest, token: mask })
      expect(text).not.toContain(instance.token)
      expect(body.configuration['helpdesk.connectwise.password']).toBe(mask)
    },
  )

  test('list those of a user, by id or e-mail address, with filters', async () => {
    const { body: user } = await as(admin, 'GET', `/users/${owner.id}`)
    const tag = `tag-${instance.id}`
    await as(owner, 'PATCH', `/instances/${instance.id}`, { tags: [tag] })
    for (const of of [owner.id, encodeURIComponent(user.email)]) {
      const path = `/instances?user=${of}&tags[]=${tag}`
      const { status, body, text } = await as(admin, 'GET', path)
      expect(status).toBe(200)
      expect(body).toMatchObject([{ id: instance.id, token: mask, user: { id: owner.id } }])
      expect(text).not.toContain(instance.token)
    }
    expect((await as(admin, 'GET', '/instances')).body).toEqual([])
    const own = await as(owner, 'GET', `/instances?user=${owner.id}&tags[]=${tag}`)
    expect(own.body).toMatchObject([{ id: instance.id, token: instance.token }])
  })

  test('disable and enable one, which its owner finds in the audit', async () => {
    const path = `/instances/${instance.id}/enabled`
    expect((await as(admin, 'DELETE', path)).status).toBe(200)
    expect((await stateOf()).disabled).toBe(true)
    expect((await as(withToken(owner), 'GET', '/ping')).status).toBe(403)
    const enabled = await as(admin, 'PUT', path)
    expect([enabled.status, enabled.body.token, enabled.body.disabled]).toEqual([200, mask, false])
    const told = ['instance.enabled', 'instance.disabled', 'instance.created']
    expect(await entriesOf(owner)).toEqual(told)
  })

  test('delete one, unless something uses it', async () => {
    const path = `/instances/${instance.id}`
    await as(owner, 'PUT', `${path}/references/flow`, {})
    const kept = await as(admin, 'DELETE', path)
    expect([kept.status, kept.body.code]).toEqual([409, 'instance-in-use'])
    await as(owner, 'DELETE', `${path}/references/flow`)
    expect((await as(admin, 'DELETE', path)).status).toBe(200)
    expect((await as(owner, 'GET', path)).status).toBe(404)
    expect(await entriesOf(owner)).toContain('instance.deleted')
  })

  test('give one to another user: the old owner has it no more, and its token is of no use to them', async () => {
    await as(owner, 'PATCH', `/instances/${instance.id}`, { tags: ['given'] })
    const path = `/instances/${instance.id}`
    const given = await as(admin, 'PUT', `${path}/owner`, { user: colleague.id })
    expect(given.status).toBe(200)
    expect(given.body).toMatchObject({ id: instance.id, token: mask, user: { id: colleague.id } })
    expect(given.headers.etag).toBe('"3"')
    expect((await as(owner, 'GET', path)).status).toBe(404)
    expect((await as(withToken(owner), 'GET', '/ping')).status).toBe(401)
    const seen = await as(colleague, 'GET', '/instances?tags[]=given')
    expect(seen.body).toMatchObject([{ id: instance.id, token: instance.token }])
    expect((await as(withToken(colleague), 'GET', '/ping')).status).toBe(200)
    expect((await as(owner, 'GET', '/instances?tags[]=given')).body).toEqual([])
    expect(await entriesOf(owner)).toContain('instance.reassigned')
    // To the same one again: nothing.
    const again = await as(admin, 'PUT', `${path}/owner`, { user: colleague.id })
    expect([again.status, again.headers.etag]).toEqual([200, '"3"'])
  })
})
