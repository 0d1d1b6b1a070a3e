import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { elementWithoutProbe, elementWithTwoAuthentications } from '../support/elements.ts'
import { findTraces } from '../support/traces.ts'
import { startWorld, type World } from '../support/world.ts'
import { allowedOrigin, Customer, createSession, readSession } from './customer.ts'

const key = 'helpdesk.connectwise'
const quiet = { element: { key: 'quiet' } }

let world: World
beforeAll(async () => {
  world = await startWorld({ definitions: [elementWithoutProbe, elementWithTwoAuthentications] })
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
const loginAt = (password: string) => ({
  elementId: 117,
  authentication: 'soap',
  configuration: {
    [`${key}.username`]: 'api1',
    [`${key}.password`]: password,
    [`${key}.server.url`]: world.sandbox.url,
    [`${key}.company`]: 'company_f',
  },
})

describe('a customer', () => {
  test('connects with a password after a wrong one, and the client app gets the instance', async () => {
    const { session, customer } = await begin({
      element: { key: 'connectwisehd' },
      name: 'Acme help desk',
      tags: ['emea'],
      externalId: 'customer-4711',
      settings: { timeZone: 'Europe/Paris' },
    })
    expect(await read(session.id)).toMatchObject({ status: 'opened', element: null })
    const { body: page } = await customer.form()
    expect(page).toMatchObject({ status: 'opened', elements: [{ key: 'connectwisehd' }] })

    const refused = await customer.provision(loginAt('wrong'))
    expect(refused.body).toMatchObject({ status: 400, code: 'credentials-rejected' })
    expect(refused.body.probe.request.method).toBe('POST')
    expect(await read(session.id)).toMatchObject({
      status: 'opened',
      statusReason: refused.body.message,
      element: { id: 117, key: 'connectwisehd' },
    })

    const connected = await customer.provision(loginAt('api1'))
    expect(connected.body).toMatchObject({ status: 'succeeded', id: session.id })
    const done = await read(session.id)
    expect(done).toMatchObject({
      status: 'succeeded',
      statusReason: null,
      externalId: 'customer-4711',
      finishedAt: expect.any(String),
      instance: {
        name: 'Acme help desk',
        tags: ['emea'],
        externalId: 'customer-4711',
        state: 'verified',
        settings: { timeZone: 'Europe/Paris' },
        token: expect.stringMatching(/^lki_/),
        user: { id: world.userId },
      },
    })
    const { body: instance } = await call(world, 'GET', `/instances/${done.instance.id}`)
    expect(done.instance).toEqual(instance)
    expect(findTraces(customer.received.join('\n'), { token: instance.token })).toEqual([])
  })

  test('chooses among elements and ways to log in', async () => {
    const elements = [{ id: 9001 }, { key: 'twofold' }]
    const { session, customer } = await begin({ elements })
    const { body } = await customer.form()
    expect(body.elements.map((one: { key: string }) => one.key)).toEqual(['quiet', 'twofold'])
    const [, twofold] = body.elements
    expect(twofold.authentications.map((one: { key: string }) => one.key)).toEqual([
      'basic',
      'soap',
    ])
    expect((await customer.provision(quietAnswers)).status).toBe(200)
    expect(await read(session.id)).toMatchObject({
      element: { id: 9001, key: 'quiet' },
      elements: [
        { id: 9001, key: 'quiet' },
        { id: 9002, key: 'twofold' },
      ],
    })
  })

  test('is told what is missing, with the keys of the fields', async () => {
    const { customer } = await begin({ element: { key: 'connectwisehd' } })
    const { body } = await customer.provision({ ...loginAt('api1'), configuration: {} })
    expect(body.code).toBe('configuration-incomplete')
    expect(body.missing.map((one: { key: string }) => one.key)).toContain(`${key}.password`)
  })

  test('calls it off', async () => {
    const { session, customer } = await begin(quiet)
    expect((await customer.cancel()).body.status).toBe('cancelled')
    expect((await read(session.id)).status).toBe('cancelled')
    expect((await customer.provision(quietAnswers)).body.code).toBe('connect-session-over')
  })

  test('goes on after a reload, and where it was left', async () => {
    const { customer } = await begin(quiet)
    expect((await customer.form()).body).toEqual((await customer.form()).body)
  })
})

describe('what a client app sets beforehand', () => {
  const preset = {
    [`${key}.server.url`]: '',
    [`${key}.company`]: 'company_f',
    [`${key}.username`]: 'preset-user-of-the-app',
  }

  test('reaches no browser, neither in the form nor in what the vendor says, and is used', async () => {
    const configuration = { ...preset, [`${key}.server.url`]: world.sandbox.url }
    const element = { key: 'connectwisehd' }
    const { session, customer } = await begin({ element, configuration })
    const { body } = await customer.form()
    const [{ entries }] = body.elements[0].authentications
    const asked = entries.map((entry: { key: string }) => entry.key)
    expect(asked).toContain(`${key}.password`)
    expect(asked.filter((one: string) => one in configuration)).toEqual([])
    const answers = { ...loginAt('x'), configuration: { [`${key}.password`]: 'wrong' } }
    const refused = await customer.provision(answers)
    expect(refused.body).toMatchObject({
      code: 'credentials-rejected',
      probe: { verdict: 'rejected' },
    })
    const texts = customer.received.join('\n')
    expect(findTraces(texts, { user: configuration[`${key}.username`]! })).toEqual([])
    expect(texts).not.toContain('company_f')
    expect(texts).not.toContain(new URL(world.sandbox.url).host)

    const { rows } = await world.context.db.pool.query(
      "select sealed from secrets where owner = 'connect-session/' || $1::bigint",
      [session.id],
    )
    expect(rows).toHaveLength(1)
    expect(rows[0].sealed).not.toContain('company')
  })

  test('is gone from the database once the session is over', async () => {
    const { session, customer } = await begin({ ...quiet, configuration: { secret: 'preset-1' } })
    const left = async () =>
      (
        await world.context.db.pool.query(
          "select 1 from secrets where owner = 'connect-session/' || $1::bigint",
          [session.id],
        )
      ).rows.length
    expect(await left()).toBe(1)
    await customer.provision({ ...quietAnswers, configuration: {} })
    expect((await read(session.id)).status).toBe('succeeded')
    expect(await left()).toBe(0)
  })

  test('is refused where it is secret and the customer would say where it goes', async () => {
    const element = { key: 'connectwisehd' }
    const secret = { [`${key}.password`]: 'a-secret-of-the-app' }
    const create = (configuration: object) =>
      call(world, 'POST', '/connect-sessions', { body: { element, allowedOrigin, configuration } })
    const { body } = await create(secret)
    expect(body.code).toBe('configuration-invalid')
    expect(body.invalid).toEqual([
      { key: `${key}.password`, reason: expect.stringContaining(`${key}.server.url`) },
    ])
    const both = { ...secret, [`${key}.server.url`]: 'https://desk.example.com' }
    expect((await create(both)).body).toMatchObject({ status: 'pending' })
  })
})

describe('a client app', () => {
  test('lists its sessions a page at a time, and those of one customer', async () => {
    const own = { ...world, ...(await world.addOrganization()) }
    const made = []
    for (const externalId of ['a', 'b', 'a']) {
      made.push(await createSession(own, { ...quiet, externalId }))
    }
    const ids = made.map(({ id }) => id)
    const first = await call(own, 'GET', '/connect-sessions?pageSize=2')
    expect(first.body.map((one: { id: number }) => one.id)).toEqual(ids.slice(0, 2))
    expect(first.text).not.toContain('lkc_')
    const next = first.headers['elements-next-page-token']
    const second = await call(own, 'GET', `/connect-sessions?pageSize=2&nextPage=${next}`)
    expect(second.body.map((one: { id: number }) => one.id)).toEqual(ids.slice(2))
    const some = await call(own, 'GET', '/connect-sessions?externalId=a')
    expect(some.body.map((one: { id: number }) => one.id)).toEqual([ids[0], ids[2]])
  })

  test('finds in the audit who made a session, and who connected by which request', async () => {
    const { session, customer } = await begin(quiet)
    const { headers } = await customer.provision(quietAnswers)
    const { instance } = await read(session.id)
    const { rows } = await world.context.db.pool.query(
      `select action, user_id, request_id, detail from audit_entries
       where organization_id = $1 and (instance_id = $2 or detail->>'connectSessionId' = $3)
       order by at, id`,
      [world.organizationId, instance.id, String(session.id)],
    )
    expect(rows).toMatchObject([
      { action: 'connect-session.created', user_id: world.userId },
      {
        action: 'instance.created',
        user_id: world.userId,
        request_id: headers['elements-request-id'],
      },
    ])
  })
})
