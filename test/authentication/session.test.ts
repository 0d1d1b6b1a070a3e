import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { SessionAuthentication } from '../../src/authentication/session.ts'
import type { Egress } from '../../src/egress/client.ts'
import { openEgress } from '../egress/listener.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { callInSession, createCaller } from './in-session.ts'

/** A vendor whose sessions can be ended, and which counts the logins. */
let vendor: WebServer
let egress: Egress
let open: Set<string>
let logins: number
/** How it says that a session has ended. */
let over: Reply
let life: number | undefined

beforeAll(async () => {
  egress = openEgress()
  vendor = await startWebServer((request) =>
    request.path === '/login' ? logIn(request) : serve(request),
  )
})
afterEach(() => vendor.received.splice(0))
afterAll(async () => {
  await egress[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

function begin() {
  open = new Set()
  logins = 0
  over = { status: 401 }
  life = undefined
  return createCaller(egress)
}

function logIn({ body }: Received): Reply {
  logins += 1
  const { user, password } = JSON.parse(body)
  if (user !== 'me' || password !== 'right "1"') return { status: 401, body: { error: 'No.' } }
  const token = `token-${logins}`
  open.add(token)
  const cookies = [`node=n${logins}; Path=/; HttpOnly`, 'theme=dark; Path=/']
  return { body: { token, ...(life && { expires: life }) }, headers: { 'set-cookie': cookies } }
}

function serve({ headers }: Received): Reply {
  const [, token = ''] = /^Session (.*)$/.exec(headers.authorization ?? '') ?? []
  const bound = headers.cookie === `node=n${token.slice('token-'.length)}; theme=dark`
  return open.has(token) && bound ? { body: { ok: true } } : over
}

const authentication: SessionAuthentication = {
  type: 'session',
  name: 'Login',
  login: {
    method: 'POST',
    path: 'login',
    body: { json: { user: '{user}', password: '{password}' } },
    extract: {
      'session.token': { json: '/token' },
      'session.seconds': { json: '/expires', optional: true },
    },
    rules: [{ when: { status: 200 }, verdict: 'verified' }],
  },
  headers: { Authorization: 'Session {session.token}' },
}

const call = (
  caller: ReturnType<typeof begin>,
  instanceId = 1,
  changes = {},
  password = 'right "1"',
) => {
  const one = { ...authentication, ...changes }
  return callInSession(caller, instanceId, one, { user: 'me', password }, vendor.url)
}

test('a login that the vendor refuses is a refusal, and is tried anew the next time', async () => {
  const sender = begin()
  const wrong = () => call(sender, 1, {}, 'wrong')
  await expect(wrong()).rejects.toMatchObject({ code: 'credentials-rejected' })
  await expect(wrong()).rejects.toMatchObject({ code: 'credentials-rejected' })
  expect(logins).toBe(2)
  expect((await call(sender)).status).toBe(200)
})

test('a login whose answer lacks the token is refused', async () => {
  const login = { ...authentication.login, extract: { 'session.token': { json: '/elsewhere' } } }
  await expect(call(begin(), 1, { login })).rejects.toMatchObject({ code: 'vendor-unexpected' })
})

test('fifty callers that come at once wait for one login', async () => {
  const sender = begin()
  const answers = await Promise.all(Array.from({ length: 50 }, () => call(sender)))
  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
  expect(logins).toBe(1)
})

test('instances share no session', async () => {
  const sender = begin()
  await Promise.all([call(sender, 1), call(sender, 2)])
  expect(logins).toBe(2)
})

describe('a session that the vendor has ended', () => {
  const bodyMarker = { status: 200, body: { ok: false, error: 'session_expired' } }
  const ended = [{ json: { pointer: '/error', equals: 'session_expired' } }]

  test.each([
    ['a status', { status: 401 }, {}],
    ['a status of its own', { status: 440 }, { ended: [{ status: 440 }] }],
    ['a body marker', bodyMarker, { ended }],
  ])('with %s is renewed, once for all who wait', async (_, said, changes) => {
    const sender = begin()
    over = said
    await call(sender, 1, changes)
    open.clear()
    const answers = await Promise.all(Array.from({ length: 50 }, () => call(sender, 1, changes)))
    expect(answers.map(({ body }) => JSON.parse(body.toString()))).toEqual(
      Array(50).fill({ ok: true }),
    )
    expect(logins).toBe(2)
  })

  test('again at once is not renewed for ever: the second answer is the caller’s', async () => {
    const sender = begin()
    await call(sender)
    open.clear()
    open.add = () => open
    expect((await call(sender)).status).toBe(401)
    expect(logins).toBe(2)
  })
})

test('another status than the one that means it leaves the session alone', async () => {
  const sender = begin()
  over = { status: 401 }
  await call(sender)
  open.clear()
  expect((await call(sender, 1, { ended: [{ status: 440 }] })).status).toBe(401)
  expect(logins).toBe(1)
})

test('a session that has lived as long as the vendor said is not used again', async () => {
  const sender = begin()
  life = 3600
  const now = Date.now()
  vi.useFakeTimers({ now, toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  await call(sender)
  vi.setSystemTime(now + 3500_000)
  await call(sender)
  expect(logins).toBe(1)
  // A little before its end, since the request takes a while too.
  vi.setSystemTime(now + 3580_000)
  await Promise.all([call(sender), call(sender)])
  expect(logins).toBe(2)
})
