import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, call, countStored } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { elementWithoutProbe, elementWithTwoAuthentications } from '../support/elements.ts'
import { startWebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { allowedOrigin, Customer, createSession, readSession } from './customer.ts'

const quiet = { element: { key: 'quiet' } }

const asking = {
  ...elementWithTwoAuthentications,
  id: 9003,
  key: 'asking',
  authentications: elementWithTwoAuthentications.authentications.slice(0, 1),
  probes: [{ method: 'GET', path: 'me', rules: [{ when: { status: 200 }, verdict: 'verified' }] }],
}

let world: World
beforeAll(async () => {
  const definitions = [elementWithoutProbe, elementWithTwoAuthentications, asking]
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(() => world[Symbol.asyncDispose]())

/** A customer whose page has opened the link of a new session. */
async function begin(body: object) {
  const session = await createSession(world, body)
  const customer = new Customer(world)
  expect((await customer.open(session.url)).status).toBe(200)
  return { session, customer }
}
const read = (id: number) => readSession(world, id)
const quietAnswers = {
  elementId: 9001,
  authentication: 'basic',
  configuration: { secret: 'a-secret-of-the-customer-4711' },
}
describe('refused, with nothing stored', () => {
  const refusalOf = async (answer: Promise<{ status: number; body: { code: string } }>) => {
    const before = await countStored(world)
    const { status, body } = await answer
    expect(await countStored(world)).toEqual(before)
    return [status, body.code]
  }

  test('is a link that was opened before, in another browser or in the same', async () => {
    const { session, customer } = await begin(quiet)
    const used = [410, 'connect-link-used']
    expect(await refusalOf(customer.open(session.url))).toEqual(used)
    expect(await refusalOf(new Customer(world).open(session.url))).toEqual(used)
    expect((await customer.form()).status).toBe(200)
  })

  test('of many who open a link at once, are all but one', async () => {
    const { url } = await createSession(world, quiet)
    const all = await Promise.all(Array.from({ length: 8 }, () => new Customer(world).open(url)))
    const statuses = all.map(({ status }) => status).sort()
    expect(statuses).toEqual([200, ...Array(7).fill(410)])
  })

  test('is a link that nobody made', async () => {
    const { url } = await createSession(world, quiet)
    const forged = url.replace(/.{6}$/, 'AAAAAA')
    expect(await refusalOf(new Customer(world).open(forged))).toEqual([404, 'connect-link-unknown'])
    const stranger = await createSession({ ...world, ...(await world.addOrganization()) }, quiet)
    const [, own] = url.split('#')
    const mixed = `${stranger.url.split('#')[0]}#${own.replace(/_[0-9a-z]+_/, '_zz_')}`
    expect(await refusalOf(new Customer(world).open(mixed))).toEqual([404, 'connect-link-unknown'])
  })

  test('is a page without the key of one, with the key of nobody, or with our own secrets', async () => {
    const wrong = [401, 'connect-key-unknown']
    for (const authorization of [null, 'Connect lkp_1_x', world.authorization]) {
      const asked = call(world, 'GET', '/connect/session/form', { authorization })
      expect(await refusalOf(asked)).toEqual(wrong)
    }
    const { url } = await createSession(world, quiet)
    const authorization = `Connect ${new URL(url).hash.slice(1)}`
    const asked = call(world, 'GET', '/connect/session/form', { authorization })
    expect(await refusalOf(asked)).toEqual(wrong)
  })

  test('is a second connection, and two at once make one instance', async () => {
    const { session, customer } = await begin(quiet)
    const before = await countStored(world)
    const all = await Promise.all([1, 2, 3, 4].map(() => customer.provision(quietAnswers)))
    expect(all.map(({ status }) => status).sort()).toEqual([200, 410, 410, 410])
    expect(Number((await countStored(world)).instances)).toBe(Number(before.instances) + 1)
    const { instance } = await read(session.id)
    expect(await refusalOf(customer.provision(quietAnswers))).toEqual([410, 'connect-session-over'])
    expect((await read(session.id)).instance).toEqual(instance)
  })

  test('is what is called off by the client app, also while the vendor is asked', async () => {
    const { session, customer } = await begin({ element: { key: 'asking' } })
    const path = `/connect-sessions/${session.id}`
    let cancelled: Answer | undefined
    await using vendor = await startWebServer(async () => {
      cancelled = await call(world, 'DELETE', path)
      return { status: 200 }
    })
    const answers = {
      elementId: 9003,
      authentication: 'basic',
      configuration: { url: vendor.url, secret: 'x' },
    }
    const before = await countStored(world)
    expect((await customer.provision(answers)).body.code).toBe('connect-session-over')
    expect(vendor.received).toHaveLength(1)
    expect(cancelled?.body).toMatchObject({ status: 'cancelled', finishedAt: expect.any(String) })
    expect((await call(world, 'DELETE', path)).status).toBe(200)
    const again = customer.provision(answers)
    expect((await again).body.code).toBe('connect-session-over')
    const { instances, tokens } = await countStored(world)
    expect({ instances, tokens }).toEqual({ instances: before.instances, tokens: before.tokens })
    expect((await read(session.id)).instance).toBeUndefined()
  })

  test('is what comes after the end of its time, and its status says so', async () => {
    const { session, customer } = await begin({ ...quiet, lifetimeSeconds: 60 })
    const unopened = await createSession(world, { ...quiet, lifetimeSeconds: 60 })
    await world.context.db.pool.query(
      "update connect_sessions set expires_at = now() - interval '1 second' where id = any($1)",
      [[session.id, unopened.id]],
    )
    const over = [410, 'connect-session-over']
    expect(await refusalOf(customer.provision(quietAnswers))).toEqual(over)
    expect(await refusalOf(new Customer(world).open(unopened.url))).toEqual(over)
    expect((await customer.state()).body.status).toBe('expired')
    const late = await read(session.id)
    expect(late).toMatchObject({ status: 'expired', finishedAt: late.expiresAt })
    const cancelled = await call(world, 'DELETE', `/connect-sessions/${session.id}`)
    expect(cancelled.body.code).toBe('connect-session-over')
  })

  test('is everything once the user is shut out, or the organization is', async () => {
    const { pool } = world.context.db
    const own = { ...world, ...(await world.addOrganization()) }
    const session = await createSession(own, quiet)
    const customer = new Customer(own)
    await customer.open(session.url)
    const switches = [
      ['update users set active = $2 where organization_id = $1', false, true],
      [
        'update organizations set disabled_at = case when $2 then now() end where organization_id = $1',
        true,
        false,
      ],
    ] as const
    for (const [text, off, on] of switches) {
      await pool.query(text, [own.organizationId, off])
      const asked = customer.provision(quietAnswers)
      expect(await refusalOf(asked)).toEqual([410, 'connect-session-over'])
      expect((await customer.form()).body).toMatchObject({ status: 'cancelled', elements: [] })
      await pool.query(text, [own.organizationId, on])
    }
    expect((await customer.provision(quietAnswers)).status).toBe(200)
  })

  test('is the twenty-first attempt, which ends the session', async () => {
    const { session, customer } = await begin(quiet)
    await world.context.db.pool.query('update connect_sessions set attempts = 19 where id = $1', [
      session.id,
    ])
    const empty = { ...quietAnswers, configuration: {} }
    expect((await customer.provision(empty)).body.code).toBe('configuration-incomplete')
    const last = customer.provision(quietAnswers)
    expect(await refusalOf(last)).toEqual([410, 'connect-session-over'])
    expect(await read(session.id)).toMatchObject({
      status: 'failed',
      statusReason: expect.stringContaining('too often'),
    })
  })

  test('is what was not offered, and what was not asked for', async () => {
    const { customer } = await begin({ ...quiet, configuration: { secret: 'preset-secret' } })
    const { configuration } = quietAnswers
    for (const answers of [
      { ...quietAnswers, elementId: 9002 },
      { ...quietAnswers, authentication: 'soap' },
      { ...quietAnswers, name: 'Mine' },
    ]) {
      expect(await refusalOf(customer.provision(answers))).toEqual([400, 'body-invalid'])
    }
    for (const more of [configuration, { 'base.url': 'https://evil.example' }, { other: 'x' }]) {
      const asked = customer.provision({ ...quietAnswers, configuration: more })
      expect(await refusalOf(asked)).toEqual([400, 'configuration-invalid'])
    }
    expect((await customer.provision({ ...quietAnswers, configuration: {} })).status).toBe(200)
  })

  test('is the session of another user or organization, which the client app does not see', async () => {
    const { session } = await begin(quiet)
    const { authorization } = await addColleague(world)
    const stranger = await world.addOrganization()
    const path = `/connect-sessions/${session.id}`
    for (const who of [{ authorization }, { authorization: stranger.authorization }]) {
      for (const method of ['GET', 'DELETE'] as const) {
        expect(await refusalOf(call(world, method, path, who))).toEqual([
          404,
          'connect-session-not-found',
        ])
      }
      const list = await call(world, 'GET', '/connect-sessions', who)
      expect(list.body).toEqual([])
    }
  })

  test.each([
    ['element-or-choice', { elements: [{ id: 9001 }] }, 'body-invalid'],
    ['nothing', { element: undefined }, 'body-invalid'],
    ['unknown', { element: { key: 'quietly' } }, 'element-not-found'],
    ['no origin', { allowedOrigin: 'https://app.example.com/path' }, 'body-invalid'],
    ['plain http', { allowedOrigin: 'http://app.example.com' }, 'body-invalid'],
    ['any origin', { allowedOrigin: 'https://*.example.com' }, 'body-invalid'],
    ['a script', { allowedOrigin: 'javascript:alert(1)' }, 'body-invalid'],
    [
      'more than a policy means',
      { allowedOrigin: 'https://app.example.com;sandbox' },
      'body-invalid',
    ],
    ['two origins', { allowedOrigin: 'https://app.example.com,x' }, 'body-invalid'],
    ['a login', { allowedOrigin: 'https://a:b@app.example.com' }, 'body-invalid'],
    ['foreign return', { returnUrl: 'https://evil.example/' }, 'body-invalid'],
    ['script return', { returnUrl: 'javascript:alert(1)' }, 'body-invalid'],
    ['relative return', { returnUrl: '/there' }, 'body-invalid'],
    ['short life', { lifetimeSeconds: 59 }, 'body-invalid'],
    ['long life', { lifetimeSeconds: 86_401 }, 'body-invalid'],
    ['colour', { appearance: { color: 'red;}' } }, 'body-invalid'],
    ['logo', { appearance: { logoUrl: 'http://logo.example/x.png' } }, 'body-invalid'],
    ['strange member', { callback: 'x' }, 'body-invalid'],
    ['authentication', { authentication: { type: 'soap' } }, 'authentication-unclear'],
    ['unknown preset', { configuration: { other: 'x' } }, 'configuration-invalid'],
    ['setting', { settings: { timeZone: 'Mars/Olympus' } }, 'settings-invalid'],
    ['instance', { element: undefined, instanceId: 1 }, 'instance-not-found'],
    ['app', { authentication: { oauthAppId: 1 } }, 'oauth-app-not-found'],
  ])('is a session that could not be finished: %s', async (_, change, code) => {
    const body = { ...quiet, allowedOrigin, ...change }
    const asked = call(world, 'POST', '/connect-sessions', { body })
    expect((await refusalOf(asked))[1]).toBe(code)
  })

  test('is connecting an instance anew that is gone meanwhile', async () => {
    const made = await begin(quiet)
    await made.customer.provision(quietAnswers)
    const { instanceId } = await read(made.session.id)
    const { customer } = await begin({ element: undefined, instanceId })
    await call(world, 'DELETE', `/instances/${instanceId}`)
    expect((await customer.form()).body).toMatchObject({ status: 'cancelled', elements: [] })
    const again = customer.provision(quietAnswers)
    expect(await refusalOf(again)).toEqual([410, 'connect-session-over'])
    expect(await read(made.session.id)).toMatchObject({ status: 'succeeded', instanceId: null })
  })

  test('is connecting an instance anew as another element', async () => {
    const made = await begin(quiet)
    await made.customer.provision(quietAnswers)
    const { instanceId } = await read(made.session.id)
    const body = { allowedOrigin, instanceId, element: { key: 'twofold' } }
    const asked = call(world, 'POST', '/connect-sessions', { body })
    expect(await refusalOf(asked)).toEqual([400, 'body-invalid'])
  })
})
