import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { openSecret } from '../support/oauth-elements.ts'
import { api2, startWorld } from '../support/world.ts'
import { openChanging, password, secondLogin, username } from './changing.ts'

const { world, elsewhere, provision, get, patch, works, idOf, codeOf, storedOf, refused } =
  await openChanging()
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await elsewhere[Symbol.asyncDispose]()
})
afterEach(() => world.sandbox.reset())

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
