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

type Caller = Pick<World, 'url' | 'authorization'>
const withToken = (caller: Caller, token: string): Caller => ({
  ...caller,
  authorization: `Element ${token}, ${caller.authorization}`,
})

const routes = [
  ['GET', '/instances'],
  ['PUT', '/instances'],
  ['PATCH', '/instances'],
  ['DELETE', '/instances'],
  ['PUT', '/instances/enabled'],
  ['DELETE', '/instances/enabled'],
  ['GET', '/instances/configuration'],
  ['GET', '/instances/configuration/1'],
  ['PATCH', '/instances/configuration/1'],
  ['GET', '/ping'],
  ['GET', '/hubs/helpdesk/ping'],
] as const
const bodies = { PATCH: { propertyValue: 'x', name: 'Stolen' }, PUT: { name: 'Stolen' } }
const send = (caller: Caller, method: (typeof routes)[number][0], path: string) =>
  call(caller, method, path, method in bodies ? { body: bodies[method as 'PUT'] } : {})

describe.each(routes)('%s %s', (method, path) => {
  test('refuses a token that is unknown, misspelt or somebody else’s, naming the part', async () => {
    const { id, token } = await draft(world)
    const { authorization } = await addColleague(world)
    const stranger = { ...world, ...(await world.addOrganization()) }
    const gone = await draft(world)
    await call(world, 'DELETE', `/instances/${gone.id}`)
    for (const caller of [
      withToken({ ...world, authorization }, token),
      withToken(stranger, token),
      withToken(world, gone.token),
      withToken(world, `${token.slice(0, -1)}${token.endsWith('x') ? 'y' : 'x'}`),
      withToken(world, 'sUsl2Nr5Yk2w3VrUXkm5nDVsDe3uOOUGSBOfD3zmDsE='),
      withToken(world, world.authorization.split(/[ ,]+/)[1]!),
    ]) {
      const { status, body } = await send(caller, method, path)
      expect([status, body.code]).toEqual([401, 'element-unknown'])
      expect(body.message).toContain('Element part')
    }
    expect((await call(world, 'GET', `/instances/${id}`)).body.name).toBe('Test')
  })

  test('needs all parts that it asks for', async () => {
    const { token } = await draft(world)
    const [user, organization] = world.authorization.split(', ')
    const lacking: [string, string][] = [
      [`${organization}, Element ${token}`, 'User'],
      [`Element ${token}`, 'User'],
    ]
    if (path !== '/instances' || method !== 'GET')
      lacking.push([`${user}, ${organization}`, 'Element'])
    if (!path.endsWith('ping')) lacking.push([`${user}, Element ${token}`, 'Organization'])
    for (const [authorization, part] of lacking) {
      const { status, body } = await send({ ...world, authorization }, method, path)
      expect([status, body.code]).toEqual([401, 'access-missing'])
      expect(body.message).toMatch(new RegExp(`^The .*${part}.* part is missing`))
    }
  })
})

describe('the instance of a token', () => {
  test('is read, changed, disabled, enabled and deleted without its id', async () => {
    const { body: made } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
    const caller = withToken(world, made.token)
    const path = `/instances/${made.id}`
    const read = await call(caller, 'GET', '/elements/api-v2/instances')
    expect(read.body).toEqual((await call(world, 'GET', path)).body)
    expect(read.headers.etag).toBe('"1"')

    const renamed = await call(caller, 'PATCH', '/instances', { body: { name: 'Renamed' } })
    expect([renamed.status, renamed.body.id, renamed.body.name]).toEqual([200, made.id, 'Renamed'])
    const replaced = await call(caller, 'PUT', '/instances', {
      body: { ...renamed.body, tags: ['new'] },
      headers: { 'if-match': String(renamed.headers.etag) },
    })
    expect([replaced.status, replaced.body.tags, replaced.body.token]).toEqual([
      200,
      ['new'],
      made.token,
    ])
    const stale = { headers: { 'if-match': '"1"' } }
    const refused = await call(caller, 'PATCH', '/instances', { body: { name: 'N' }, ...stale })
    expect([refused.status, refused.body.code]).toEqual([412, 'instance-changed'])

    const disabled = await call(caller, 'DELETE', '/instances/enabled')
    expect([disabled.status, disabled.text]).toEqual([200, ''])
    expect((await call(world, 'GET', path)).body.disabled).toBe(true)
    const enabled = await call(caller, 'PUT', '/instances/enabled', {
      headers: { 'content-type': 'application/json' },
    })
    expect([enabled.status, enabled.body.disabled]).toEqual([200, false])

    const deleted = await call(caller, 'DELETE', '/instances')
    expect([deleted.status, deleted.text]).toEqual([200, ''])
    expect((await call(world, 'GET', path)).status).toBe(404)
    expect((await call(caller, 'GET', '/instances')).body.code).toBe('element-unknown')
  })

  test('may be asked for with a bearer token in the place of the two secrets', async () => {
    const made = await draft(world)
    const { rows } = await world.context.db.pool.query('select email from users where id = $1', [
      world.userId,
    ])
    const body = { password: 'correct horse battery' }
    const path = `/users/${world.userId}`
    const changed = await call(world, 'PATCH', path, { body })
    expect(changed.status).toBe(200)
    const signIn = { username: rows[0].email, password: body.password }
    const { body: session } = await call(world, 'POST', '/authentication', { body: signIn })
    const authorization = `Bearer ${session.token}, Element ${made.token}`
    const { status, body: read } = await call({ ...world, authorization }, 'GET', '/instances')
    expect([status, read.id]).toEqual([200, made.id])
  })
})

describe('ping', () => {
  test('tries the instance at its vendor, whatever the hub, with the Organization part or without', async () => {
    const { body: made } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
    const [user] = world.authorization.split(', ')
    const before = world.sandbox.requests.length
    for (const path of ['/ping', '/hubs/helpdesk/ping', '/elements/api-v2/hubs/zzz/ping']) {
      for (const authorization of [
        `${user}, Element ${made.token}`,
        `${world.authorization}, Element ${made.token}`,
      ]) {
        const { status, body, headers } = await call({ ...world, authorization }, 'GET', path)
        expect([status, body]).toEqual([
          200,
          { dateTime: expect.stringMatching(/^\d{4}-.*Z$/), endpoint: 'connectwisehd' },
        ])
        expect(headers['elements-element-instance-id']).toBe(String(made.id))
      }
    }
    expect(world.sandbox.requests.length).toBeGreaterThan(before)
  })

  test('says what the vendor says, never as a 401', async () => {
    const { token } = await draft(world, {
      configuration: helpDesk(world, { 'helpdesk.connectwise.password': 'wrong' }).configuration,
    })
    const caller = withToken(world, token)
    const { status, body } = await call(caller, 'GET', '/ping')
    expect([status, body.code]).toEqual([409, 'instance-draft'])
    await world.context.db.pool.query(`update instances set state = 'verified'`)
    const refused = await call(caller, 'GET', '/ping')
    expect([refused.status, refused.body.code]).toEqual([400, 'credentials-rejected'])
  })

  test('is refused where the instance is disabled, with everything as it was', async () => {
    const { body: made } = await call(world, 'POST', '/instances', { body: helpDesk(world) })
    const caller = withToken(world, made.token)
    await call(caller, 'DELETE', '/instances/enabled')
    const { status, body } = await call(caller, 'GET', '/ping')
    expect([status, body.code]).toEqual([403, 'instance-disabled'])
    await call(caller, 'PUT', '/instances/enabled')
    expect((await call(caller, 'GET', '/ping')).status).toBe(200)
  })

  test('knows no user whose organization is disabled or who is not active', async () => {
    const own = { ...world, ...(await world.addOrganization()) }
    const { token } = await draft(own)
    const [user] = own.authorization.split(', ')
    const authorization = `${user}, Element ${token}`
    const { pool } = world.context.db
    await pool.query('update organizations set disabled_at = now() where organization_id = $1', [
      own.organizationId,
    ])
    const { status, body } = await call({ ...own, authorization }, 'GET', '/ping')
    expect([status, body.code]).toEqual([401, 'user-unknown'])
  })
})
