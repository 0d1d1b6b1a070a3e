import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { tickets } from '../elements/tickets.ts'
import { call } from '../support/client.ts'
import { type Received, type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World
let vendor: WebServer
let other: WebServer
let reply: (request: Received) => Reply
beforeAll(async () => {
  vendor = await startWebServer((request) => reply(request))
  other = await startWebServer(() => ({ status: 401, body: {} }))
  world = await startWorld({ allow: ['127.0.0.1', 'localhost'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})
beforeEach(() => {
  reply = () => ({ body: {} })
  vendor.received.length = 0
  other.received.length = 0
})

const secret = 'api-key-that-nobody-can-guess-81'
const ok = [{ when: { status: 200 }, verdict: 'verified' as const }]
let count = 0
async function make(changes: object) {
  count += 1
  const body = tickets(vendor.url, { key: `attack${count}`, ...changes })
  return { made: await call(world, 'POST', '/elements', { body }), key: `attack${count}` }
}
async function tryIt(changes: object, configuration: object = {}, how = 'test') {
  const { made, key } = await make(changes)
  if (made.status !== 200) return made
  const path = `/elements/${key}/${how}`
  const body = { name: 'x', configuration: { 'api.key': secret, ...configuration } }
  return call(world, 'POST', path, { body })
}
const entries = (...more: object[]) => [...tickets(vendor.url).entries, ...more]
const discovering = () => ({
  entries: entries(
    { key: 'account', name: 'A', type: 'text', discovered: true },
    { key: 'ticket', name: 'T', type: 'password', secret: true, discovered: true },
  ),
  probes: [
    {
      method: 'GET',
      path: 'me',
      extract: { account: { json: '/account' }, ticket: { json: '/ticket', optional: true } },
      rules: ok,
    },
  ],
})

test('what a vendor tells in secret is not shown where it is tried', async () => {
  reply = () => ({ body: { account: 'A1', ticket: 'ticket-of-the-vendor-27' } })
  const answer = await tryIt(discovering())
  expect(answer.status).toBe(200)
  expect(answer.text).not.toContain('ticket-of-the-vendor-27')
})

test('a secret that a vendor sends back is not taken for something that may be shown', async () => {
  reply = () => ({ body: { account: `x${secret}` } })
  const answer = await tryIt(discovering(), {}, 'instances')
  expect([answer.status, answer.body.code]).toEqual([502, 'vendor-unexpected'])
  expect(answer.text).not.toContain(secret)
})

test('no text that a vendor tells may be the host that credentials go to', async () => {
  const there = new URL(other.url)
  reply = () => ({ body: { zone: 'localhost' } })
  const answer = await tryIt({
    entries: entries({ key: 'zone', name: 'Z', type: 'text', discovered: true }),
    baseUrl: `http://{zone}:${there.port}`,
    probes: [
      {
        method: 'GET',
        base: vendor.url,
        path: 'zones',
        authenticate: false,
        extract: { zone: { json: '/zone' } },
        rules: ok,
      },
      { method: 'GET', path: 'me', rules: ok },
    ],
  })
  expect([answer.status, answer.body.code]).toEqual([400, 'definition-invalid'])
})

test('nor may a value of a session', async () => {
  const there = new URL(other.url)
  reply = () => ({ body: { host: '127.0.0.1' } })
  const answer = await tryIt({
    authentications: [
      {
        type: 'session',
        name: 'S',
        login: {
          method: 'POST',
          base: vendor.url,
          path: 'login',
          extract: { 'session.host': { json: '/host' } },
          rules: ok,
        },
        headers: { 'x-key': '{api.key}' },
      },
    ],
    probes: [{ method: 'GET', base: `http://{session.host}:${there.port}`, path: 'me', rules: ok }],
  })
  expect([answer.status, answer.body.code]).toEqual([400, 'definition-invalid'])
  expect(other.received).toEqual([])
})

test('each cookie of a session is hidden, wherever it comes back', async () => {
  reply = ({ path }) =>
    path.endsWith('login')
      ? {
          body: {},
          headers: { 'set-cookie': ['A=first-cookie-value-9; Path=/', 'B=second-cookie-value-8'] },
        }
      : { status: 401, body: { sid: 'second-cookie-value-8', a: 'first-cookie-value-9' } }
  const answer = await tryIt({
    authentications: [
      {
        type: 'session',
        name: 'S',
        login: { method: 'POST', path: 'login', body: { form: { k: '{api.key}' } }, rules: ok },
      },
    ],
  })
  expect(answer.status).toBe(400)
  expect(answer.text).not.toMatch(/(first|second)-cookie-value/)
})

test('a host gets no more than five probes at once, whichever of their steps goes there', async () => {
  let now = 0
  let most = 0
  await using slow = await startWebServer(async () => {
    now += 1
    most = Math.max(most, now)
    await new Promise((resolve) => setTimeout(resolve, 300))
    now -= 1
    return { status: 401 }
  })
  const port = new URL(slow.url).port
  const changes = {
    baseUrl: slow.url.replace('127.0.0.1', 'localhost'),
    probes: [
      { method: 'GET', base: '{server}', path: 'x', authenticate: false, rules: ok },
      { method: 'GET', base: `http://127.0.0.1:${port}`, path: 'me', rules: ok },
    ],
    entries: [
      { key: 'server', name: 'Server', type: 'url', required: true },
      { key: 'api.key', name: 'API key', type: 'password', required: true, secret: true },
    ],
  }
  const { key } = await make(changes)
  await Promise.all(
    Array.from({ length: 12 }, (_, at) =>
      call(world, 'POST', `/elements/${key}/test`, {
        body: {
          configuration: {
            server: at % 2 ? vendor.url : vendor.url.replace('127.0.0.1', 'localhost'),
            'api.key': `guess${at}`,
          },
        },
      }),
    ),
  )
  expect(most).toBeLessThanOrEqual(5)
})
