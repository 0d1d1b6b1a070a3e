import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { call, countStored } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { elementWithoutProbe, elementWithTwoAuthentications } from '../support/elements.ts'
import { findTraces } from '../support/traces.ts'
import { type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'

const apiKey = 'api-key-that-nobody-can-guess-81'
/** Asks the vendor where and who the caller is. */
const telling = {
  ...elementWithoutProbe,
  id: 9501,
  key: 'telling',
  entries: [
    ...elementWithoutProbe.entries,
    { key: 'server', name: 'Server', type: 'url', required: true },
    { key: 'account', name: 'Account', type: 'text', discovered: true },
    { key: 'ticket', name: 'Ticket', type: 'password', discovered: true, secret: true },
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'bearer', name: 'API key', token: '{secret}' }],
  probes: [
    {
      method: 'GET',
      path: 'me',
      extract: { account: { json: '/account' }, ticket: { json: '/ticket' } },
      rules: [{ when: { status: 200 }, verdict: 'verified' }],
    },
  ],
}

let world: World
let vendor: WebServer
let reply: Reply
/** Of a user who is no admin. */
let colleague: string
beforeAll(async () => {
  vendor = await startWebServer(() => reply)
  world = await startWorld({
    definitions: [elementWithoutProbe, elementWithTwoAuthentications, telling],
    allow: [new URL(vendor.url).host],
  })
  colleague = (await addColleague(world)).authorization
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

let before: Awaited<ReturnType<typeof countStored>>
beforeEach(async () => {
  reply = { body: { account: 'A7', ticket: 'ticket-of-the-vendor-27' } }
  vendor.received.length = 0
  before = await countStored(world)
})
// Whatever becomes of it.
afterEach(async () => {
  expect(await countStored(world)).toEqual(before)
  const { body } = await call(world, 'GET', '/elements?installed=true')
  expect(body).toEqual([])
})

const configuration = () => ({ secret: apiKey, server: vendor.url })
const tryOut = (key: string, body: unknown, authorization = world.authorization) =>
  call(world, 'POST', `/elements/${key}/test`, { body, authorization })

test('what provisioning refuses without the vendor, a trial refuses in the same way', async () => {
  for (const [key, body] of [
    ['telling', { configuration: {} }],
    ['telling', { configuration: { ...configuration(), secrt: 'x' } }],
    ['telling', { configuration: configuration(), settings: { timeZone: 'Nowhere' } }],
    ['telling', { configuration: configuration(), name: '<b></b>' }],
    ['twofold', { configuration: { secret: 'x', url: vendor.url } }],
    ['nothing', { configuration: {} }],
    ['telling', []],
  ] as const) {
    const tried = await tryOut(key, body)
    const named = Array.isArray(body) ? body : { name: 'Mine', ...body }
    const provisioned = await call(world, 'POST', `/elements/${key}/instances`, { body: named })
    const { requestId: _, ...refusal } = provisioned.body
    expect(tried.status).toBeGreaterThanOrEqual(400)
    expect([tried.status, tried.body]).toEqual([
      provisioned.status,
      { ...refusal, requestId: tried.body.requestId },
    ])
  }
  expect(vendor.received).toEqual([])
})

test.each([
  [401, 400, 'credentials-rejected'],
  [403, 400, 'credentials-insufficient'],
  [404, 400, 'vendor-misdirected'],
  [429, 503, 'vendor-throttled'],
  [500, 502, 'vendor-unexpected'],
])('where the vendor answers %i, a trial answers %i %s', async (says, status, code) => {
  reply = { status: says }
  const answer = await tryOut('telling', { configuration: configuration() })
  expect([answer.status, answer.body.code]).toEqual([status, code])
  expect(answer.body.probe.response.status).toBe(says)
  expect(findTraces(answer.text, { apiKey })).toEqual([])
})

test('where the vendor agrees, a trial tells what it sent, and what it learned but no secret', async () => {
  const body = { configuration: configuration(), stranger: 1 }
  const { status, body: trial, text } = await tryOut('telling', body, colleague)
  expect(status).toBe(200)
  expect(trial).toMatchObject({
    verdict: 'verified',
    state: 'verified',
    stateReason: null,
    discovered: { account: 'A7', ticket: '********' },
    probe: {
      verdict: 'verified',
      request: { method: 'GET', url: `${vendor.url}/me` },
      response: { status: 200 },
      failure: null,
    },
    warnings: [{ key: 'stranger' }],
  })
  expect(vendor.received.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${apiKey}`])
  expect(findTraces(text, { apiKey, ticket: 'ticket-of-the-vendor-27' })).toEqual([])
})

test('where there is nothing to prove credentials with, a trial says so', async () => {
  const { status, body } = await tryOut('quiet', { configuration: { secret: apiKey } })
  expect(status).toBe(200)
  expect(body).toMatchObject({ verdict: 'unverified', state: 'unverified', probe: null })
  expect(body.stateReason).toContain('offers nothing to check the credentials with')
})
