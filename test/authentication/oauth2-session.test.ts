import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { OAuth2 } from '../../src/authentication/oauth2.ts'
import type { Egress } from '../../src/egress/client.ts'
import { openEgress } from '../egress/listener.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { callInSession, createCaller } from './in-session.ts'

/** A vendor whose tokens can be revoked, and which counts them. */
let vendor: WebServer
let egress: Egress
let granted: number
let valid: Set<string>

beforeAll(async () => {
  egress = openEgress()
  vendor = await startWebServer(({ path, headers, body }) => {
    if (path !== '/token') {
      return { status: valid.has(String(headers.authorization)) ? 200 : 401 }
    }
    if (!body.includes('client_secret=right')) {
      return { status: 401, body: { error: 'invalid_client' } }
    }
    granted += 1
    valid.add(`Bearer token-${granted}`)
    return { body: { access_token: `token-${granted}`, token_type: 'Bearer', expires_in: 3600 } }
  })
})
beforeEach(() => {
  granted = 0
  valid = new Set()
})
afterAll(async () => {
  await egress[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

function caller(secret = 'right') {
  const authentication: OAuth2 = {
    type: 'oauth2',
    name: 'OAuth 2',
    grant: 'clientCredentials',
    tokenUrl: `${vendor.url}/token`,
    clientId: 'me',
    clientSecret: '{secret}',
    clientAuthentication: 'post',
  }
  const known = createCaller(egress)
  return async () => (await callInSession(known, 1, authentication, { secret }, vendor.url)).status
}
const fifty = (call: () => Promise<number>) => Promise.all(Array.from({ length: 50 }, call))

test('a client whom the vendor does not know has no session', async () => {
  await expect(caller('wrong')()).rejects.toMatchObject({ code: 'credentials-rejected' })
})

test('fifty callers that come at once share one token', async () => {
  expect(await fifty(caller())).toEqual(Array(50).fill(200))
  expect(granted).toBe(1)
})

test('a token that was revoked is replaced, once for all who wait', async () => {
  const call = caller()
  await call()
  valid.clear()
  expect(await fifty(call)).toEqual(Array(50).fill(200))
  expect(granted).toBe(2)
})

test('a token is replaced a little before it ends', async () => {
  const now = Date.now()
  vi.useFakeTimers({ now, toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const call = caller()
  await call()
  vi.setSystemTime(now + 3_500_000)
  await call()
  expect(granted).toBe(1)
  vi.setSystemTime(now + 3_580_000)
  await Promise.all([call(), call()])
  expect(granted).toBe(2)
})
