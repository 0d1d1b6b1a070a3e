import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call, countStored } from '../support/client.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const identity = (id: number, key: string) => ({
  format: 1,
  id,
  key,
  name: 'Stepwise',
  hub: 'general',
  description: 'Stands for an element of its kind.',
  configDescription: 'Made up for the tests.',
})
const server = { key: 'server', name: 'Server', type: 'url', required: true }
const token = { key: 'token', name: 'Token', type: 'password', required: true, secret: true }
const verified = [{ when: { status: 200 }, verdict: 'verified' }]

/** Asks a directory where the caller's zone is, and then that zone. */
const zoned = {
  ...identity(9201, 'zoned'),
  entries: [
    server,
    token,
    {
      key: 'zone',
      name: 'Zone',
      type: 'url',
      discovered: true,
      hosts: ['127.0.0.1', '*.example.com'],
    },
    { key: 'account', name: 'Account', type: 'text', discovered: true },
  ],
  baseUrl: '{zone}/api',
  authentications: [{ type: 'bearer', name: 'Token', token: '{token}' }],
  probes: [
    {
      method: 'GET',
      base: '{server}',
      path: 'zones',
      authenticate: false,
      extract: {
        zone: { json: '/zone' },
        account: { among: '/accounts', where: { pointer: '/main', equals: 'true' }, json: '/id' },
      },
      rules: verified,
    },
    { method: 'GET', path: 'accounts/{account}', providerMessage: ['/message'], rules: verified },
  ],
}

/** Is given a key for the requests to come. */
const keyed = {
  ...identity(9206, 'keyed'),
  entries: [
    server,
    token,
    { key: 'key', name: 'Key', type: 'password', secret: true, discovered: true },
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'bearer', name: 'Token', token: '{token}' }],
  probes: [
    { method: 'POST', path: 'key', extract: { key: { json: '/key' } }, rules: verified },
    { method: 'GET', path: 'me', headers: { 'X-Key': '{key}' }, rules: verified },
  ],
}

/** The login is the probe. */
const loggedIn = {
  ...identity(9202, 'loggedin'),
  entries: [server, token],
  baseUrl: '{server}',
  authentications: [
    {
      type: 'session',
      name: 'Login',
      login: {
        method: 'POST',
        path: 'login',
        body: { form: { secret: '{token}' } },
        extract: { 'session.id': { json: '/session' } },
        providerMessage: ['/error'],
        rules: [
          { when: { status: 200, json: { pointer: '/ok', equals: true } }, verdict: 'verified' },
          {
            when: { status: 200, json: { pointer: '/error', says: ['secret'] } },
            verdict: 'rejected',
          },
        ],
      },
      headers: { 'x-session': '{session.id}' },
    },
  ],
}
const loggedInAndProbed = {
  ...loggedIn,
  ...identity(9203, 'loggedinandprobed'),
  probes: [{ method: 'GET', path: 'me', providerMessage: ['/error'], rules: verified }],
}

/** Every form of rule beside status and body. */
const ruled = {
  ...identity(9204, 'ruled'),
  entries: [server, token],
  baseUrl: '{server}',
  authentications: [{ type: 'bearer', name: 'Token', token: '{token}' }],
  settings: {
    timeZone: 'Europe/Paris',
    rateLimits: [{ amount: 150, unit: 'second', every: 30 }],
    concurrency: 4,
  },
  retryAfter: { header: 'X-Reset-Ms', unit: 'milliseconds' },
  headers: { 'X-Version': '7' },
  probes: [
    {
      method: 'GET',
      path: 'me',
      rules: [
        {
          when: { failure: ['reset'] },
          verdict: 'rejected',
          message: 'It hangs up on whom it does not know.',
        },
        { when: { header: { name: 'X-Error', equals: 'scope' } }, verdict: 'insufficient' },
        {
          when: {
            json: [
              { pointer: '/ok', equals: false },
              { pointer: '/error', oneOf: ['invalid', 'revoked'] },
            ],
          },
          verdict: 'rejected',
        },
        { when: { status: '5xx', body: 'empty' }, verdict: 'throttled' },
        {
          when: { status: '2xx', json: { pointer: '/errors/0', exists: false } },
          verdict: 'verified',
        },
      ],
    },
  ],
}

/** Makes its tokens itself. */
const selfMade = {
  ...identity(9205, 'selfmade'),
  entries: [server, token],
  baseUrl: '{server}',
  authentications: [{ type: 'jwt', name: 'Token', algorithm: 'HS256', signingKey: '{token}' }],
  probes: [{ method: 'GET', path: 'me', providerMessage: ['/message'], rules: verified }],
}

let world: World
let vendor: WebServer
let answers: (request: Received) => Reply

beforeAll(async () => {
  vendor = await startWebServer((request) => answers(request))
  world = await startWorld({
    definitions: [zoned, loggedIn, loggedInAndProbed, ruled, selfMade, keyed],
    allow: ['127.0.0.1'],
  })
})
beforeEach(() => vendor.received.splice(0))
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const secret = 'a-token-"that"-is~long&odd'
const create = (key: string) =>
  call(world, 'POST', '/instances', {
    body: { element: { key }, name: 'N', configuration: { server: vendor.url, token: secret } },
  })

describe('a probe in steps', () => {
  const directory = (zone: string): Reply => ({
    body: {
      zone,
      accounts: [
        { id: 1, main: false },
        { id: 22, main: true },
      ],
    },
  })

  test('takes from one answer what the next request needs, and keeps it with the instance', async () => {
    answers = ({ path, headers }) => {
      if (path === '/zones') return directory(`${vendor.url}/eu`)
      const known = path === '/eu/api/accounts/22' && headers.authorization === `Bearer ${secret}`
      return { status: known ? 200 : 401 }
    }
    const { status, body } = await create('zoned')
    expect(status).toBe(200)
    expect(body.configuration).toEqual({
      server: vendor.url,
      token: '********',
      zone: `${vendor.url}/eu`,
      account: '22',
    })
    expect(vendor.received.map(({ headers }) => 'authorization' in headers)).toEqual([false, true])
  })

  test('seals what it is told in secret', async () => {
    const told = 'told-in-secret-4711'
    answers = ({ path }) => (path === '/key' ? { body: { key: told } } : {})
    const { body, text } = await create('keyed')
    expect(body).toMatchObject({ state: 'verified', configuration: { key: '********' } })
    expect(vendor.received[1]!.headers['x-key']).toBe(told)
    const { rows } = await world.context.db.pool.query(
      'select configuration::text from instances where organization_id = $1 and id = $2',
      [world.organizationId, body.id],
    )
    expect(rows[0].configuration + text).not.toContain(told)
  })

  test('ends with the first that is refused, and shows that one', async () => {
    const before = await countStored(world)
    answers = ({ path }) =>
      path === '/zones'
        ? directory(vendor.url)
        : { status: 401, body: { message: 'No such token.' } }
    const { status, body } = await create('zoned')
    expect(status).toBe(400)
    expect(body).toMatchObject({
      code: 'credentials-rejected',
      providerMessage: 'No such token.',
      probe: {
        request: {
          url: `${vendor.url}/api/accounts/22`,
          headers: { authorization: 'Bearer ********' },
        },
      },
    })
    expect(await countStored(world)).toEqual(before)
  })

  test.each([
    'https://attacker.test/',
    'https://example.com.attacker.test',
    'http://user:pw@127.0.0.1',
    'file:///etc/passwd',
  ])('sends no credentials to %s, which the definition does not name', async (zone) => {
    answers = () => directory(zone)
    const { status, body } = await create('zoned')
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'vendor-misdirected' })
    expect(body.message).toContain('"Zone"')
    expect(vendor.received).toHaveLength(1)
  })

  test('says what a good answer lacks', async () => {
    answers = () => ({ body: { accounts: [] } })
    const { status, body } = await create('zoned')
    expect({ status, code: body.code }).toEqual({ status: 502, code: 'vendor-unexpected' })
    expect(body.message).toContain('zone, account')
  })

  test('says what of a good answer cannot be used', async () => {
    answers = ({ path }) =>
      path === '/zones'
        ? { body: { zone: vendor.url, accounts: [{ id: '..', main: true }] } }
        : { status: 500 }
    const { status, body } = await create('zoned')
    expect({ status, code: body.code }).toEqual({ status: 502, code: 'vendor-unexpected' })
    expect(body.message).toContain('"account" cannot be used: it must not be "." or ".."')
    expect(vendor.received).toHaveLength(1)
  })

  test('binds the secret to every place that it goes to', async () => {
    await using other = await startWebServer(() => ({}))
    answers = ({ path }) => (path === '/zones' ? directory(other.url) : {})
    const { body } = await create('zoned')
    const { rows } = await world.context.db.pool.query(
      'select origins from secrets where organization_id = $1 and owner = $2 and entry = $3',
      [world.organizationId, `instance/${body.id}`, 'token'],
    )
    expect(rows[0].origins.sort()).toEqual([other.url, vendor.url].sort())
    expect(other.received[0]!.headers.authorization).toBe(`Bearer ${secret}`)
  })
})

describe('a login', () => {
  test('is the probe where there is no other', async () => {
    answers = ({ body }) =>
      body === new URLSearchParams({ secret }).toString()
        ? { body: { ok: true, session: 's1' } }
        : { status: 500 }
    expect((await create('loggedin')).body).toMatchObject({ state: 'verified' })
    expect(vendor.received).toHaveLength(1)
  })

  test('that is refused in a body of status 200 ends it with the vendor’s words', async () => {
    answers = () => ({ body: { ok: false, error: `The secret ${secret} is wrong.` } })
    const { status, body } = await create('loggedin')
    expect(status).toBe(400)
    expect(body).toMatchObject({
      code: 'credentials-rejected',
      providerMessage: 'The secret ******** is wrong.',
      probe: { request: { method: 'POST', body: 'secret=********' } },
    })
  })

  test('yields a session for the probes, which no details show', async () => {
    const session = 'session-0123456789'
    answers = ({ path, headers }) => {
      if (path === '/login') return { body: { ok: true, session } }
      return {
        status: headers['x-session'] === session ? 403 : 500,
        body: { error: `${session}!` },
      }
    }
    const { body, text } = await create('loggedinandprobed')
    expect(body).toMatchObject({
      code: 'credentials-insufficient',
      providerMessage: '********!',
      probe: { request: { headers: { 'x-session': '********' } } },
    })
    expect(text).not.toContain(session)
  })

  test('that is tried shows what it was answered, without the session', async () => {
    const session = 'session-0123456789'
    const cookie = 'ticket=cookie-0123456789'
    const headers = { 'set-cookie': `${cookie}; HttpOnly` }
    answers = () => ({ body: { ok: true, session, note: `Or send ${cookie}.` }, headers })
    const body = { configuration: { server: vendor.url, token: secret } }
    const trial = await call(world, 'POST', '/elements/loggedin/test', { body })
    expect(trial.body.probe.response.body).toBe(
      '{"ok":true,"session":"********","note":"Or send ticket=********."}',
    )
    expect(trial.text).not.toContain('0123456789')
  })

  test('without a session in its answer is none', async () => {
    answers = () => ({ body: { ok: true } })
    const { status, body } = await create('loggedin')
    expect({ status, code: body.code }).toEqual({ status: 502, code: 'vendor-unexpected' })
    expect(body.message).toContain('session.id')
  })
})

test('a token that we made is shown no more than the secret that it was made of', async () => {
  let sent = ''
  answers = ({ headers }) => {
    sent = String(headers.authorization).replace('Bearer ', '')
    return { status: 401, body: { message: `Bad token ${sent}.` } }
  }
  const { body, text } = await create('selfmade')
  expect(body.providerMessage).toBe('Bad token ********.')
  expect(body.probe.request.headers.authorization).toBe('Bearer ********')
  expect(sent).toMatch(/^ey.*\..*\./)
  expect(text).not.toContain(sent)
})

describe('a rule may be about', () => {
  const refused = async () => {
    const { status, headers, body } = await create('ruled')
    return { status, code: body.code, message: body.message, retryAfter: headers['retry-after'] }
  }

  test('a header', async () => {
    answers = () => ({ headers: { 'x-error': 'scope' } })
    expect(await refused()).toMatchObject({ status: 400, code: 'credentials-insufficient' })
  })

  test('several members of the body at once', async () => {
    answers = () => ({ body: { ok: false, error: 'revoked' } })
    expect(await refused()).toMatchObject({ status: 400, code: 'credentials-rejected' })
    answers = () => ({ body: { ok: false, error: 'busy' } })
    expect((await create('ruled')).status).toBe(200)
  })

  test('a class of statuses and an empty body, with the header that says when to come back', async () => {
    answers = () => ({ status: 503, headers: { 'x-reset-ms': '4200', 'retry-after': '60' } })
    expect(await refused()).toMatchObject({
      status: 503,
      code: 'vendor-throttled',
      retryAfter: '5',
    })
  })

  test('a member that is not there', async () => {
    answers = () => ({ body: { errors: [] } })
    expect((await create('ruled')).status).toBe(200)
    answers = () => ({ body: { errors: [{}] } })
    expect(await refused()).toMatchObject({ status: 502, code: 'vendor-unexpected' })
  })

  test('a request that no answer came to', async () => {
    await using rude = await startWebServer(() => ({
      headers: { 'content-length': '100' },
      body: '',
    }))
    answers = () => ({})
    const configuration = { server: rude.url, token: secret }
    const { status, body } = await call(world, 'POST', '/instances', {
      body: { element: { key: 'ruled' }, name: 'N', configuration },
    })
    expect({ status, message: body.message }).toEqual({
      status: 400,
      message: 'It hangs up on whom it does not know.',
    })
  })
})

test('an instance starts from the settings of its element, and sends the headers that it always sends', async () => {
  answers = () => ({})
  const { body } = await create('ruled')
  expect(body.settings).toEqual({
    timeZone: 'Europe/Paris',
    rateLimits: [{ amount: 150, unit: 'second', every: 30 }],
  })
  expect(vendor.received[0]!.headers['x-version']).toBe('7')
})
