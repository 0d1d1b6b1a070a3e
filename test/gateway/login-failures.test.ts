import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Listener, listen } from '../egress/listener.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { elementWith } from './types-elements.ts'

const login = {
  method: 'POST',
  path: 'login',
  body: { form: { user: '{user}', password: '{secret}' } },
  rules: [{ when: { status: 200 }, verdict: 'verified' }],
  extract: { 'session.token': { json: '/access_token' } },
}
const headers = { authorization: 'Bearer {session.token}' }
const url = (key: string) => ({ key, name: key, type: 'url', required: true })
const text = (key: string) => ({ key, name: key, type: 'text' })
const entries = [
  url('server'),
  url('login'),
  text('user'),
  { ...text('secret'), type: 'password', secret: true },
]

const definitions = [
  elementWith(9801, { type: 'session', name: 'Session', login, headers } as never),
  elementWith(
    9802,
    { type: 'session', name: 'Elsewhere', login: { ...login, base: '{login}' }, headers } as never,
    { entries },
  ),
]

type Meet = (request: IncomingMessage, response: ServerResponse) => void

let world: World
let vendor: Listener
/** What the vendor does with a login. */
let meet: Meet
let logins = 0
let calls = 0
/** What it answers a call with. */
let status = 200

const grants: Meet = (_, response) =>
  response.end('{"access_token":"a-token-of-some-length","token_type":"Bearer"}')
const hangs: Meet = () => {}
const drips: Meet = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{')
  const drip = setInterval(() => response.write(' '), 20)
  response.on('close', () => clearInterval(drip))
}
const resets: Meet = ({ socket }) => socket.resetAndDestroy()
const refuses: Meet = (_, response) => response.writeHead(401).end('{"error":"invalid_client"}')

beforeAll(async () => {
  vendor = await listen((request, response) => {
    if (request.url === '/login') {
      logins += 1
      meet(request, response)
    } else {
      calls += 1
      response.writeHead(status).end('here')
    }
  })
  world = await startWorld({ definitions, allow: ['127.0.0.0/8'], probeDeadlineMs: 300 })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(() => {
  meet = grants
  status = 200
})
afterEach(() => {
  vi.restoreAllMocks()
})

async function connect(element = 'session', more: object = {}) {
  const server = vendor.origin
  const given = { server, user: 'u', secret: 'a-secret-of-some-length', ...more }
  const instance = await instanceOf(world, element, given)
  logins = 0
  calls = 0
  return instance
}
const statesOf = ({ id }: { id: number }) =>
  world.context.breakers.states(`${world.organizationId}/${id}`)

async function codes(instance: { authorization: string }, count: number) {
  const found: (string | undefined)[] = []
  for (let at = 0; at < count; at += 1) {
    found.push((await through(world, instance, 'GET', '/x')).code)
  }
  return found
}

/** The clock of the breaker, so many milliseconds ahead from now on. */
function hurry(ms: number) {
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ms)
}

describe('a login', () => {
  const failures: [what: string, does: Meet, code: string][] = [
    ['hangs', hangs, 'vendor-late'],
    ['drips', drips, 'vendor-late'],
    ['is reset', resets, 'vendor-unreachable'],
  ]
  test.each(failures)('that %s five times is asked for no more', async (_, does, code) => {
    const instance = await connect()
    meet = does
    expect(await codes(instance, 5)).toEqual(Array(5).fill(code))
    const asked = logins
    const suspended = await through(world, instance, 'GET', '/x')
    expect([suspended.status, suspended.code]).toEqual([503, 'vendor-suspended'])
    expect(Number(suspended.headers['retry-after'])).toBeGreaterThan(0)
    expect([logins, calls]).toEqual([asked, 0])
    expect(statesOf(instance)).toMatchObject([{ state: 'open', failures: 5, inFlight: 0 }])
  })

  test('that is good again lets calls through again', async () => {
    const instance = await connect()
    meet = resets
    await codes(instance, 5)
    hurry(10_000)
    expect(statesOf(instance)).toMatchObject([{ state: 'half-open' }])
    meet = grants
    expect(await codes(instance, 3)).toEqual(Array(3).fill(undefined))
    expect(calls).toBe(3)
    expect(statesOf(instance)).toMatchObject([{ state: 'closed', failures: 0, inFlight: 0 }])
  })

  test('that fails after the rest as well has the vendor left alone for longer', async () => {
    const instance = await connect()
    meet = resets
    await codes(instance, 5)
    hurry(10_000)
    expect(await codes(instance, 2)).toEqual(['vendor-unreachable', 'vendor-suspended'])
    const [{ state, retryAfter } = {}] = statesOf(instance)
    expect(state).toBe('open')
    expect(retryAfter).toBeGreaterThan(10)
  })

  test('is the only one that is tried after the rest, however many call', async () => {
    const instance = await connect()
    meet = resets
    await codes(instance, 5)
    hurry(10_000)
    logins = 0
    meet = hangs
    const first = codes(instance, 1)
    await until(() => logins === 1)
    expect(await codes(instance, 3)).toEqual(Array(3).fill('vendor-suspended'))
    expect(await first).toEqual(['vendor-late'])
    expect(logins).toBe(1)
  })

  test('that is refused is an answer: the vendor is there', async () => {
    const instance = await connect()
    meet = refuses
    expect(await codes(instance, 7)).toEqual(Array(7).fill('credentials-rejected'))
    expect(logins).toBe(7)
    expect(statesOf(instance)).toMatchObject([{ state: 'closed', failures: 0, inFlight: 0 }])
  })

  test('that is answered between failures begins the count anew', async () => {
    const instance = await connect()
    meet = resets
    await codes(instance, 4)
    meet = refuses
    await codes(instance, 1)
    meet = resets
    expect(await codes(instance, 5)).toEqual(Array(5).fill('vendor-unreachable'))
    expect(await codes(instance, 1)).toEqual(['vendor-suspended'])
  })

  test('that hangs where a session has ended counts as well', async () => {
    const instance = await connect()
    expect(await codes(instance, 1)).toEqual([undefined])
    status = 401
    meet = hangs
    expect(await codes(instance, 1)).toEqual(['vendor-late'])
    expect(statesOf(instance)).toMatchObject([{ state: 'closed', failures: 1, inFlight: 0 }])
    expect(await codes(instance, 5)).toEqual([...Array(4).fill('vendor-late'), 'vendor-suspended'])
    expect(calls).toBe(2)
  })
})

test('a login at another host is counted there, and the refusal names that host', async () => {
  let meetElsewhere = grants
  await using elsewhere = await listen((...asked) => meetElsewhere(...asked), '127.0.0.2')
  const instance = await connect('elsewhere', { login: elsewhere.origin })
  meetElsewhere = resets
  await codes(instance, 5)
  const refused = await through(world, instance, 'GET', '/x')
  expect(refused.code).toBe('vendor-suspended')
  expect(refused.message).toContain('127.0.0.2')
  const found = statesOf(instance).map(({ host, state }) => [host.split(':')[0], state])
  expect(Object.fromEntries(found)).toEqual({ '127.0.0.1': 'closed', '127.0.0.2': 'open' })
  expect(calls).toBe(0)
})
