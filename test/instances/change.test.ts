import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Behaviour } from '../../src/sandbox/behaviour.ts'
import { type Answer, call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { api2, startWorld, type World } from '../support/world.ts'

const entry = (name: string) => `helpdesk.connectwise.${name}`
const username = entry('username')
const password = entry('password')
const server = entry('server.url')
const signature = 'event.notification.signature.key'
const stars = '********'
const secondLogin = { [username]: api2.id, [password]: api2.password }

let world: World
let elsewhere: WebServer
beforeAll(async () => {
  elsewhere = await startWebServer(() => ({ status: 500 }))
  world = await startWorld({ allow: [new URL(elsewhere.url).host] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await elsewhere[Symbol.asyncDispose]()
})
afterEach(() => world.sandbox.reset())

async function provision(configuration: object = {}, more: object = {}): Promise<string> {
  const body = { ...helpDesk(world, configuration), ...more }
  const answer = await call(world, 'POST', '/instances', { body })
  expect(answer.status).toBe(200)
  return `/instances/${answer.body.id}`
}
const get = async (path: string) => (await call(world, 'GET', path)).body
const patch = (path: string, body: object, headers = {}) =>
  call(world, 'PATCH', path, { body, headers })
const put = (path: string, body: object) => call(world, 'PUT', path, { body })
const works = async (path: string) => (await call(world, 'POST', `${path}/verify`)).status === 200
const idOf = (path: string) => Number(path.split('/').at(-1))
const codeOf = ({ status, body }: Answer) => ({ status, code: body.code })
/** Everything that is stored of an instance. */
async function storedOf(path: string) {
  const values = [world.organizationId, idOf(path), `instance/${idOf(path)}`]
  const { rows } = await world.context.db.pool.query(
    `select to_jsonb(i) as instance, (select jsonb_agg(to_jsonb(s) order by entry) from secrets s
       where s.organization_id = $1 and s.owner = $3) as secrets
     from instances i where organization_id = $1 and id = $2`,
    values,
  )
  return rows[0]
}
async function versionsOf(path: string): Promise<Record<string, number>> {
  const { secrets } = await storedOf(path)
  return Object.fromEntries(
    secrets.map((secret: { entry: string; secret_version: number }) => [
      secret.entry,
      secret.secret_version,
    ]),
  )
}
/** A refusal that leaves everything as it was, and the old credentials working. */
async function refused(path: string, send: () => Promise<Answer>) {
  const before = await storedOf(path)
  const answer = await send()
  expect(await storedOf(path)).toEqual(before)
  expect(answer.status).toBeGreaterThanOrEqual(400)
  world.sandbox.reset()
  expect(await works(path)).toBe(true)
  return answer
}

describe('a change of name, tags, settings or reference', () => {
  test('asks no vendor, and keeps id, token and everything else', async () => {
    const path = await provision()
    const before = await get(path)
    world.sandbox.behave('drop')
    const { status, body, headers } = await patch(path, {
      name: '<b>Acme</b>',
      tags: ['b', 'a', 'b'],
      externalId: 'customer-1',
      settings: { timeZone: 'Europe/Paris' },
    })
    expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: '"2"' })
    expect(body).toEqual({
      ...before,
      name: 'Acme',
      tags: ['b', 'a'],
      externalId: 'customer-1',
      settings: { timeZone: 'Europe/Paris' },
      updatedDate: expect.any(String),
    })
    expect(await get(path)).toEqual(body)
  })

  test('clears tags and reference, and takes single settings away', async () => {
    const settings = { timeZone: 'Europe/Paris', dateFormat: 'unix' }
    const path = await provision({}, { settings, externalId: 'x' })
    const { body } = await patch(path, {
      tags: [],
      externalId: null,
      settings: { timeZone: null, rateLimits: [{ amount: 1, unit: 'day' }] },
    })
    expect(body).toMatchObject({ tags: [], externalId: null })
    expect(body.settings).toEqual({ dateFormat: 'unix', rateLimits: [{ amount: 1, unit: 'day' }] })
    const { body: replaced } = await put(path, { settings: { timeZone: 'UTC' } })
    expect(replaced.settings).toEqual({ timeZone: 'UTC' })
  })

  test('is all that a PUT with a name and tags alone is', async () => {
    const path = await provision()
    const { configuration } = await get(path)
    world.sandbox.behave('drop')
    const { status, body } = await put(path, { name: 'N', tags: [] })
    expect({ status, name: body.name, tags: body.tags }).toEqual({
      status: 200,
      name: 'N',
      tags: [],
    })
    expect(body.configuration).toEqual(configuration)
  })

  test('that changes nothing is no change', async () => {
    const path = await provision()
    const { headers } = await patch(path, { name: 'Test', tags: ['help desk'] })
    expect(headers.etag).toBe('"1"')
    expect((await patch(path, {})).headers.etag).toBe('"1"')
  })

  test.each([
    [{ name: '' }, 'name-missing'],
    [{ name: '<br>' }, 'name-missing'],
    [{ name: 'x'.repeat(256) }, 'name-too-long'],
    [{ tags: ['x'.repeat(256)] }, 'tag-too-long'],
    [{ settings: { timeZone: 'Mars' } }, 'settings-invalid'],
    [{ settings: { rateLimits: [{ amount: 1, unit: 'year' }] } }, 'body-invalid'],
    [{ externalId: 7 }, 'body-invalid'],
    [{ element: { key: 'stripe' } }, 'body-invalid'],
    [{ verify: false }, 'body-invalid'],
  ])('is refused with %j', async (body, code) => {
    const path = await provision()
    const answer = await refused(path, () => patch(path, body))
    expect(codeOf(answer)).toEqual({ status: 400, code })
  })

  test('says what it did not understand', async () => {
    const { body } = await patch(await provision(), { nmae: 'N', name: 'M' })
    expect(body.warnings).toEqual([
      { key: 'nmae', message: 'is no member of this request and was ignored' },
    ])
  })
})

describe('a change of the configuration', () => {
  test('is merged by PATCH, proved at the vendor, and seals only what is new', async () => {
    const path = await provision({ [signature]: 'kept-and-never-opened' })
    const before = await get(path)
    const { status, body } = await patch(path, { configuration: secondLogin })
    expect(status).toBe(200)
    expect(body.configuration).toEqual({ ...before.configuration, [username]: api2.id })
    expect(body).toMatchObject({ id: before.id, token: before.token, state: 'verified' })
    expect(world.sandbox.requests.at(-1)!.body).toContain('<IntegratorLoginId>api2<')
    expect(await versionsOf(path)).toEqual({ $token: 1, [password]: 2, [signature]: 1 })
    expect(await openSecret(world, idOf(path), password)).toBe(api2.password)
    expect(await works(path)).toBe(true)
  })

  test('takes an entry away with null, and a secret with it', async () => {
    const callback = 'event.notification.callback.url'
    const path = await provision({ [signature]: 'to-be-gone', [callback]: 'https://a.example/' })
    const { status, body } = await patch(path, {
      configuration: { [signature]: null, [callback]: null },
    })
    expect({ status, callback: body.configuration[callback] }).toEqual({
      status: 200,
      callback: null,
    })
    expect(body.configuration).not.toHaveProperty([signature])
    expect(await versionsOf(path)).toEqual({ $token: 1, [password]: 1 })
  })

  test('is replaced by PUT, which keeps the secrets that read as stars', async () => {
    const callback = 'event.notification.callback.url'
    const path = await provision({ [callback]: 'https://a.example/', [signature]: 'to-be-gone' })
    const { configuration } = helpDesk(world)
    const { status, body } = await put(path, {
      configuration: { ...configuration, [password]: stars },
    })
    expect(status).toBe(200)
    expect(body.configuration[callback]).toBe(null)
    expect(body.configuration[password]).toBe(stars)
    expect(await versionsOf(path)).toEqual({ $token: 1, [password]: 1 })
    expect(await works(path)).toBe(true)
  })

  test('is none where a client sends back what it was answered, and is proved all the same', async () => {
    const path = await provision({ [signature]: 'kept' }, { settings: { timeZone: 'UTC' } })
    const before = await get(path)
    const stored = await storedOf(path)
    const asked = world.sandbox.requests.length
    const { status, body, headers } = await put(path, before)
    expect({ status, etag: headers.etag }).toEqual({ status: 200, etag: '"1"' })
    expect(body).toEqual({ ...before, verifiedAt: expect.any(String) })
    expect(world.sandbox.requests.length).toBe(asked + 1)
    const after = await storedOf(path)
    expect(after.secrets).toEqual(stored.secrets)
    expect(after.instance.configuration).toEqual(stored.instance.configuration)
  })

  test('asks nobody with reAuthenticate=false where it makes no difference to the vendor', async () => {
    const path = await provision()
    const before = await get(path)
    world.sandbox.behave('drop')
    const answer = await put(`${path}?reAuthenticate=false`, { ...before, name: 'N' })
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ name: 'N', verifiedAt: before.verifiedAt })
    expect((await patch(path, { configuration: { 'event.vendor.type': 'polling' } })).status).toBe(
      200,
    )
    expect((await patch(`${path}?reAuthenticate=false`, { configuration: {} })).status).toBe(200)
  })

  test('is proved even with reAuthenticate=false where it does', async () => {
    const path = await provision()
    const wrong = { configuration: { [password]: 'wrong-with-no-proof' } }
    const answer = await refused(path, () => patch(`${path}?reAuthenticate=false`, wrong))
    expect(codeOf(answer)).toEqual({ status: 400, code: 'credentials-rejected' })
    expect(answer.body.probe.verdict).toBe('rejected')
    const good = await patch(`${path}?reAuthenticate=false`, { configuration: secondLogin })
    expect(good.status).toBe(200)
    expect(good.body.warnings).toContainEqual({
      key: 'reAuthenticate',
      message: expect.stringContaining('proved all the same'),
    })
    expect((await get(path)).warnings).toEqual([])
  })

  test('heals an instance that had failed', async () => {
    const path = await provision()
    await world.context.db.pool.query(
      `update instances set state = 'failed', state_reason = 'locked'
       where organization_id = $1 and id = $2`,
      [world.organizationId, idOf(path)],
    )
    expect(await get(path)).toMatchObject({ state: 'failed', valid: false })
    const { body } = await patch(path, { configuration: { [password]: 'api1' } })
    expect(body).toMatchObject({ state: 'verified', valid: true, stateReason: null })
  })

  test.each([
    [
      'a password that the vendor refuses',
      { [password]: 'wrong-and-unique-77' },
      'credentials-rejected',
    ],
    ['a company that is not there', { [entry('company')]: 'nobody' }, 'vendor-misdirected'],
    ['nothing for what is required', { [username]: null }, 'configuration-incomplete'],
    ['no password any more', { [password]: null }, 'configuration-incomplete'],
    ['an address that is none', { [server]: 'nowhere at all' }, 'configuration-invalid'],
    ['a misspelt entry', { [entry('usernam')]: 'x' }, 'configuration-invalid'],
    ['stars for a secret that is not there', { [signature]: stars }, 'configuration-invalid'],
  ])('is refused with %s, and the old one goes on working', async (_, configuration, code) => {
    const path = await provision()
    const answer = await refused(path, () => patch(path, { configuration }))
    expect(codeOf(answer)).toEqual({ status: 400, code })
    expect(answer.text).not.toContain('wrong-and-unique-77')
  })

  test.each<[Behaviour, number]>([
    ['drop', 502],
    [{ behaviour: 'status', status: 500 }, 502],
  ])('is refused while the vendor does not answer (%j)', async (behaviour, status) => {
    const path = await provision()
    const answer = await refused(path, () => {
      world.sandbox.behave(behaviour)
      return patch(path, { configuration: secondLogin })
    })
    expect(answer.status).toBe(status)
  })
})

describe('a change of where secrets go', () => {
  test('demands them again by name, whichever way it comes, and sends nothing there', async () => {
    const path = await provision({ [signature]: 'no vendor gets it' })
    const before = await get(path)
    const moved = { [server]: elsewhere.url }
    const ways = [
      () => patch(path, { configuration: moved }),
      () => patch(path, { configuration: { ...moved, [password]: stars } }),
      () => patch(`${path}?reAuthenticate=false`, { configuration: moved }),
      () => put(path, { ...before, configuration: { ...before.configuration, ...moved } }),
      () =>
        call(world, 'PATCH', `/elements/connectwisehd${path}`, { body: { configuration: moved } }),
    ]
    for (const way of ways) {
      const { status, body } = await refused(path, way)
      expect({ status, code: body.code }).toEqual({ status: 422, code: 'secrets-required' })
      expect(body.missing).toEqual([{ key: password, name: expect.any(String) }])
      expect(body.message).toContain(elsewhere.url)
    }
    expect(elsewhere.received).toEqual([])
  })

  test('is proved there with the secret that comes along', async () => {
    const path = await provision()
    const other = world.sandbox.url.replace('127.0.0.1', 'localhost')
    const { status, body } = await patch(path, {
      configuration: { [server]: other, [password]: 'api1' },
    })
    expect({ status, server: body.configuration[server] }).toEqual({ status: 200, server: other })
    const { secrets } = await storedOf(path)
    const sealed = secrets.find((secret: { entry: string }) => secret.entry === password)
    expect(sealed).toMatchObject({ secret_version: 2, origins: [other] })
    await expect(openSecret(world, idOf(path), password, world.sandbox.url)).rejects.toMatchObject({
      code: 'secrets-required',
    })
    const back = await refused(path, () =>
      patch(path, { configuration: { [server]: world.sandbox.url } }),
    )
    expect(back.status).toBe(422)
  })

  test('is a draft’s matter, too', async () => {
    const path = await provision({}, { verify: false })
    const answer = await patch(path, { configuration: { [server]: elsewhere.url } })
    expect(codeOf(answer)).toEqual({ status: 422, code: 'secrets-required' })
    const given = { [server]: elsewhere.url, [password]: 'given-for-there' }
    const moved = await patch(path, { configuration: given })
    expect({ status: moved.status, state: moved.body.state }).toEqual({
      status: 200,
      state: 'draft',
    })
    expect(elsewhere.received).toEqual([])
  })
})

describe('If-Match', () => {
  test('lets only a change to what was read pass', async () => {
    const path = await provision()
    const { headers } = await call(world, 'GET', path)
    const matching = { 'if-match': String(headers.etag) }
    expect((await patch(path, { name: 'A' }, matching)).headers.etag).toBe('"2"')
    for (const tag of ['"1"', 'W/"2"', '"x"', '2']) {
      const late = { name: 'B', configuration: secondLogin }
      const answer = await refused(path, () => patch(path, late, { 'if-match': tag }))
      expect(codeOf(answer)).toEqual({ status: 412, code: 'instance-changed' })
    }
    expect((await patch(path, { name: 'C' }, { 'if-match': '"7", "2"' })).status).toBe(200)
    expect((await patch(path, { name: 'D' }, { 'if-match': '*' })).status).toBe(200)
  })

  test('is left out by whoever wants the last word', async () => {
    const path = await provision()
    await patch(path, { name: 'A' })
    expect((await patch(path, { name: 'B' })).body.name).toBe('B')
  })

  test('lets one of two changes at once pass', async () => {
    const path = await provision()
    const answers = await Promise.all(
      [api2.password, 'api1'].map((text) =>
        patch(
          path,
          { configuration: { [username]: text === 'api1' ? text : api2.id, [password]: text } },
          { 'if-match': '"1"' },
        ),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
    expect(await works(path)).toBe(true)
  })
})

describe('two changes at once', () => {
  test('leave the login of one of them, whole', async () => {
    const path = await provision()
    const logins = [secondLogin, { [username]: 'api1', [password]: 'api1' }]
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(
        logins.map((configuration) => patch(path, { configuration })),
      )
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
      const { configuration } = await get(path)
      const winner = logins.find((login) => login[username] === configuration[username])!
      expect(await openSecret(world, idOf(path), password)).toBe(winner[password])
      expect(await works(path)).toBe(true)
    }
    const { secrets } = await storedOf(path)
    expect(secrets.map((secret: { entry: string }) => secret.entry)).toEqual(['$token', password])
  })

  test('are both made where they are about different things', async () => {
    const path = await provision()
    const tags = Array.from({ length: 4 }, (_, at) => `tag-${at}`)
    await Promise.all([
      patch(path, { configuration: secondLogin }),
      patch(path, { name: 'Other' }),
      patch(path, { tags }),
    ])
    expect(await get(path)).toMatchObject({
      name: 'Other',
      tags,
      configuration: { [username]: api2.id },
    })
    expect(await works(path)).toBe(true)
  })
})

test('while the vendor is waited for, no connection to the database is held', async () => {
  await using small = await startWorld({ maxConnections: 1, probeDeadlineMs: 5_000 })
  const { body } = await call(small, 'POST', '/instances', { body: helpDesk(small) })
  const path = `/instances/${body.id}`
  small.sandbox.behave('hang', 1)
  const hanging = call(small, 'PATCH', path, { body: { configuration: { [password]: 'api1' } } })
  while (small.sandbox.requests.length < 2) await call(small, 'GET', path)
  expect((await call(small, 'PATCH', path, { body: { name: 'Meanwhile' } })).status).toBe(200)
  expect((await hanging).status).toBe(504)
  expect((await call(small, 'GET', path)).body.name).toBe('Meanwhile')
})

test('who changed which members stands in the audit, and no value does', async () => {
  const path = await provision()
  const secret = 'a-wrong-name-and-a-secret'
  const { headers } = await patch(path, { name: secret, configuration: secondLogin })
  await patch(path, { name: secret })
  const { rows } = await world.context.db.pool.query(
    `select action, user_id, request_id, address, detail from audit_entries
     where organization_id = $1 and instance_id = $2 order by id`,
    [world.organizationId, idOf(path)],
  )
  expect(rows).toEqual([
    expect.objectContaining({ action: 'instance.created' }),
    {
      action: 'instance.updated',
      user_id: world.userId,
      request_id: headers['elements-request-id'],
      address: '127.0.0.1',
      detail: { members: ['name', 'configuration'], entries: [password, username] },
    },
  ])
  expect(JSON.stringify(rows)).not.toMatch(new RegExp(`${secret}|${api2.id}`))
})

describe('nobody else', () => {
  test.each(['PUT', 'PATCH', 'DELETE', 'GET'] as const)('may %s it', async (method) => {
    const path = await provision()
    const strangers = [await addColleague(world), await world.addOrganization()]
    for (const { authorization } of strangers) {
      for (const place of [path, `/elements/connectwisehd${path}`]) {
        const body = method === 'PUT' || method === 'PATCH' ? { body: { name: 'Mine' } } : {}
        const answer = await refused(path, () =>
          call(world, method, place, { ...body, authorization }),
        )
        expect(codeOf(answer)).toEqual({ status: 404, code: 'instance-not-found' })
      }
    }
  })

  test('may verify, enable or disable it', async () => {
    const path = await provision()
    const { authorization } = await addColleague(world)
    const requests = [
      ['POST', 'verify'],
      ['PUT', 'enabled'],
      ['DELETE', 'enabled'],
    ] as const
    for (const [method, what] of requests) {
      const send = () => call(world, method, `${path}/${what}`, { authorization })
      expect(codeOf(await refused(path, send)).status).toBe(404)
    }
  })
})

describe('below its element', () => {
  test('an instance is read, changed and deleted as by its id', async () => {
    const path = await provision()
    for (const name of ['connectwisehd', '117']) {
      const place = `/elements/${name}${path}`
      expect((await call(world, 'GET', place)).body).toEqual(await get(path))
      expect((await patch(place, { name })).body.name).toBe(name)
    }
    expect((await call(world, 'DELETE', `/elements/117${path}`)).status).toBe(200)
    expect((await call(world, 'GET', path)).status).toBe(404)
  })

  test('it is not there for another element', async () => {
    const path = await provision()
    const other = await patch(`/elements/connectwisecrmrest${path}`, { name: 'N' })
    expect(codeOf(other)).toEqual({ status: 404, code: 'instance-not-found' })
    const none = await patch(`/elements/nothing-at-all${path}`, { name: 'N' })
    expect(codeOf(none)).toEqual({ status: 404, code: 'element-not-found' })
  })
})
