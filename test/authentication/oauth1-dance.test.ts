import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  authorizeUrlOf1,
  type ConsentedOAuth1,
  consentOAuthVerifier,
  consentRequestToken,
  consentRequestTokenSecret,
} from '../../src/authentication/oauth1-dance.ts'
import { sendSigned } from '../../src/authentication/send.ts'
import { type Element, parseElement } from '../../src/definition/element.ts'
import type { Values } from '../../src/exchange/request.ts'
import { sessionOf, tokenSecrets, tokensEntry } from '../../src/instances/tokens.ts'
import { type ProbeResult, probeVendor } from '../../src/probe/probe.ts'
import type { Credentials } from '../../src/probe/request.ts'
import { askForRequestToken } from '../../src/probe/request-token.ts'
import { openEgress } from '../egress/listener.ts'
import { byConsent, oauth1Element } from '../support/oauth1-elements.ts'
import { type OAuth1Server, startOAuth1Server } from '../support/oauth1-server.ts'
import { findTraces, type Secrets } from '../support/traces.ts'
import { startWebServer } from '../support/web-server.ts'

const client = { key: 'client&key', secret: 'consumer-secret!*&=%-0123456789' }
const callback = 'https://app.example/back?from=a&to=b%20c'
const egress = openEgress()

let server: OAuth1Server
beforeAll(async () => {
  server = await startOAuth1Server({ clients: [client, { key: 'other', secret: 'other-secret' }] })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await egress[Symbol.asyncDispose]()
})

type Consenting = Credentials & { authentication: ConsentedOAuth1 }

function credentialsFor(changes: object = {}, more: object = {}, given: object = {}): Consenting {
  const written = oauth1Element(9501, 'consenting', { ...byConsent, ...changes }, more)
  const element: Element = parseElement(written, 'test')
  const known = { server: server.url, client: client.key, 'client.secret': client.secret }
  return {
    element,
    authentication: element.authentications[0] as ConsentedOAuth1,
    values: new Map(Object.entries({ ...known, ...given })),
    secretKeys: new Set(['client.secret', 'token', 'token.secret']),
  }
}

/** With what a consent yielded. */
function consented(credentials: Consenting, told: Record<string, string>): Credentials {
  const values = new Map([...credentials.values, ...Object.entries(told)])
  return {
    ...credentials,
    values,
    secretKeys: new Set([...credentials.secretKeys, ...Object.keys(told)]),
  }
}

/** What somebody's consent yields. */
async function consentTo(credentials: Consenting): Promise<Record<string, string>> {
  const { requestToken, ...judged } = await askForRequestToken(egress, credentials, callback)
  if (!requestToken) throw new Error(judged.message)
  const { element, authentication, values } = credentials
  const page = authorizeUrlOf1(authentication, element, values, requestToken.token)
  const back = (await server.consent(page)).searchParams
  expect([back.get('from'), back.get('to')]).toEqual(['a', 'b c'])
  expect(back.get('oauth_token')).toBe(requestToken.token)
  return {
    [consentRequestToken]: requestToken.token,
    [consentRequestTokenSecret]: requestToken.secret,
    [consentOAuthVerifier]: back.get('oauth_verifier')!,
  }
}

const decode = (text: string) =>
  text.replace(/%([0-7][0-9a-f])/gi, (_, byte: string) => String.fromCharCode(Number(`0x${byte}`)))

const named = (secrets: string[]): Secrets => Object.fromEntries(secrets.entries())

/** Nothing secret is shown of an exchange, though the server says whatever it knows. */
function expectNoTraces({ exchange, message, providerMessage }: ProbeResult) {
  const shown = JSON.stringify([exchange(), message, providerMessage])
  expect(findTraces(shown, named([client.secret, ...server.issued]))).toEqual([])
  const readings = [shown, decode(shown), decode(decode(shown))]
  const echoed = server.signatures.filter((one) => readings.some((text) => text.includes(one)))
  expect(echoed).toEqual([])
}

test.each<[what: string, changes: object]>([
  ['as it comes', {}],
  ['with SHA-256', { signatureMethod: 'HMAC-SHA256', realm: 'R' }],
  ['in the query', { in: 'query' }],
  ['by GET', { tokenMethod: 'GET', parameters: { scope: 'a b&c', none: '{account}' } }],
  ['with parameters in a form', { parameters: { scope: 'a b&c', none: '{account}' } }],
])('a consent yields a token that the vendor knows, %s', async (_, changes) => {
  const credentials = credentialsFor(changes)
  const told = await consentTo(credentials)
  const result = await probeVendor(egress, consented(credentials, told))
  expect(result.verdict).toBe('verified')
  expect([...result.session!.values.keys()]).toEqual(['session.token', 'session.tokenSecret'])
  expect(server.issued).toContain(result.session!.values.get('session.token'))
  expect(result.session!.endsAt).toBe(Number.POSITIVE_INFINITY)
  expectNoTraces(result)
})

test('what is sent for a request token is in the query of a GET, and in the form of a POST', async () => {
  const parameters = { scope: 'a b&c', none: '{account}' }
  await askForRequestToken(egress, credentialsFor({ tokenMethod: 'GET', parameters }), 'oob')
  expect(server.received.at(-1)!.path).toBe('/oauth/request_token?scope=a%20b%26c')
  await askForRequestToken(egress, credentialsFor({ parameters }), 'oob')
  const { path, body, headers } = server.received.at(-1)!
  expect([path, body]).toEqual(['/oauth/request_token', 'scope=a+b%26c'])
  expect(headers.authorization).toContain('oauth_callback="oob"')
  expect(headers.authorization).not.toContain('oauth_token')
})

test.each([['text/html; charset=utf-8'], ['text/plain'], ['application/octet-stream']])(
  'a token is read from a form that calls itself %s',
  async (contentType) => {
    await using other = await startOAuth1Server({ clients: [client], contentType })
    const credentials = credentialsFor({}, {}, { server: other.url })
    const { requestToken } = await askForRequestToken(egress, credentials, callback)
    expect([requestToken!.token, requestToken!.secret]).toEqual(other.issued)
  },
)

test('what else the answer with the token tells becomes configuration', async () => {
  const user = { key: 'user', name: 'User', type: 'text', discovered: true }
  const entries = [...oauth1Element(1, 'any').entries, user]
  const credentials = credentialsFor({ extract: { user: { form: 'user_id' } } }, { entries })
  const result = await probeVendor(egress, consented(credentials, await consentTo(credentials)))
  expect(result.discovered).toEqual([['user', '4711']])
})

test('a token that stands in JSON, and ends, is one', async () => {
  await using vendor = await startWebServer(({ path }) => ({
    body: path.includes('token')
      ? { data: { t: 'token-0123456789', s: 'secret-0123456789' }, ends: 60 }
      : { parameters: [] },
  }))
  const extract = {
    'session.token': { json: '/data/t' },
    'session.tokenSecret': { json: '/data/s' },
    'session.seconds': { json: '/ends' },
  }
  const credentials = credentialsFor({ extract }, {}, { server: vendor.url })
  const told = { 'consent.requestToken': 'a', 'consent.requestTokenSecret': 'b' }
  const result = await probeVendor(
    egress,
    consented(credentials, { ...told, 'consent.verifier': 'c' }),
  )
  expect(result.verdict).toBe('verified')
  expect(result.session!.values.get('session.tokenSecret')).toBe('secret-0123456789')
  expect(result.session!.expiresAt!.getTime()).toBeLessThanOrEqual(Date.now() + 60_000)
})

test('the page of consent is asked for with what the definition says, and no more', () => {
  const authorizeUrl = 'https://{account|lower}.vendor.example/consent'
  const authorizeParameters = { name: 'A&B {client}', scope: 'read,write', none: '{callback}' }
  const credentials = credentialsFor({ authorizeUrl, authorizeParameters }, {}, { account: 'ACME' })
  const { authentication, element, values } = credentials
  expect(authorizeUrlOf1(authentication, element, values, "t'o+k/=n&")).toBe(
    'https://acme.vendor.example/consent?oauth_token=t%27o%2Bk%2F%3Dn%26&name=A%26B%20client%26key&scope=read%2Cwrite',
  )
})

test.each([
  ['client', 'stranger', 'consumer_key_unknown'],
  ['client.secret', 'wrong-secret-0123456789', 'signature_invalid'],
])('no request token is given for another %s', async (entry, value, problem) => {
  const credentials = credentialsFor({}, {}, { [entry]: value })
  const { requestToken, ...result } = await askForRequestToken(egress, credentials, callback)
  expect([requestToken, result.verdict]).toEqual([undefined, 'rejected'])
  expect(result.providerMessage).toMatch(new RegExp(`^${problem} for .*\\*{8}`))
  expect(result.exchange().request.headers.authorization).toBe('OAuth ********')
  expectNoTraces(result)
})

test('a vendor that does not confirm the callback is not trusted with a consent', async () => {
  await using old = await startOAuth1Server({ clients: [client], old: true })
  const credentials = credentialsFor({}, {}, { server: old.url })
  const { requestToken, ...result } = await askForRequestToken(egress, credentials, callback)
  expect([requestToken, result.verdict]).toEqual([undefined, 'unexpected'])
  expect(result.message).toContain('does not confirm the callback')
  expect(findTraces(JSON.stringify(result.exchange()), named(old.issued))).toEqual([])
})

test('a vendor whose clock is another says so', async () => {
  await using ahead = await startOAuth1Server({ clients: [client], ahead: 3600 })
  const credentials = credentialsFor({}, {}, { server: ahead.url })
  const { requestToken, ...result } = await askForRequestToken(egress, credentials, callback)
  expect([requestToken, result.verdict]).toEqual([undefined, 'unexpected'])
  expect(result.message).toContain('clock')
})

test.each([
  [
    'a page',
    { headers: { 'content-type': 'text/html' }, body: '<a href="?oauth_token=1">' },
    'misdirected',
  ],
  ['an answer without a token', { body: 'oauth_token=&oauth_token_secret=' }, 'unexpected'],
  ['JSON', { body: { oauth_token: 'a', oauth_token_secret: 'b' } }, 'unexpected'],
  ['nothing', {}, 'unexpected'],
  ['too much', { status: 429 }, 'throttled'],
  ['a failure', { status: 503, body: '<html>' }, 'unexpected'],
])('%s is no request token', async (_, reply, verdict) => {
  await using vendor = await startWebServer(() => reply)
  const credentials = credentialsFor({}, {}, { server: vendor.url })
  const answer = await askForRequestToken(egress, credentials, callback)
  expect([answer.requestToken, answer.verdict]).toEqual([undefined, verdict])
})

test("a definition's own rules go first", async () => {
  await using vendor = await startWebServer(() => ({ status: 400, body: 'Unknown consumer' }))
  const rules = [{ when: { status: 400, says: ['unknown consumer'] }, verdict: 'rejected' }]
  const credentials = credentialsFor({ rules }, {}, { server: vendor.url })
  expect((await askForRequestToken(egress, credentials, callback)).verdict).toBe('rejected')
})

test('a consent can be exchanged once, with its own secret and verifier', async () => {
  const credentials = credentialsFor()
  const told = await consentTo(credentials)
  const other = await consentTo(credentials)
  const exchange = (changes: Record<string, string>) =>
    probeVendor(egress, consented(credentials, { ...told, ...changes }))
  const wrongs: Record<string, string>[] = [
    { [consentOAuthVerifier]: 'guessed-0123456789' },
    { [consentOAuthVerifier]: other[consentOAuthVerifier]! },
    { [consentRequestTokenSecret]: other[consentRequestTokenSecret]! },
    { [consentRequestToken]: 'guessed-0123456789' },
  ]
  for (const wrong of wrongs) {
    const result = await exchange(wrong)
    expect([result.verdict, result.session]).toEqual(['rejected', undefined])
    expectNoTraces(result)
  }
  expect((await exchange({})).verdict).toBe('verified')
  const again = await exchange({})
  expect(again.verdict).toBe('rejected')
  expect(again.message).toBe(
    'The consent was refused, has expired or was used already. Ask for consent again.',
  )
  expectNoTraces(again)
})

test('what nobody has consented to is refused', async () => {
  const credentials = credentialsFor()
  const { requestToken } = await askForRequestToken(egress, credentials, callback)
  const told = {
    [consentRequestToken]: requestToken!.token,
    [consentRequestTokenSecret]: requestToken!.secret,
    [consentOAuthVerifier]: 'guessed-0123456789',
  }
  expect((await probeVendor(egress, consented(credentials, told))).verdict).toBe('rejected')
})

test('a token is sealed with its secret, and signs again when it is opened', async () => {
  const credentials = credentialsFor()
  const { authentication, values } = credentials
  const { session } = await probeVendor(
    egress,
    consented(credentials, await consentTo(credentials)),
  )
  const [[entry, sealed] = ['', ''], ...others] = tokenSecrets(authentication, values, session)
  expect([entry, others]).toEqual([tokensEntry, []])
  const opened = new Map([...values, ...sessionOf(JSON.parse(sealed))])
  const request = { method: 'GET', url: `${server.url}/api/me?a=1`, headers: {}, body: undefined }
  const send = (known: Values) =>
    sendSigned(egress, { authentication, place: credentials.element, values: known }, request, {
      deadline: performance.now() + 10_000,
    })
  expect((await send(opened)).status).toBe(200)
  expect((await send(new Map([...opened, ['session.tokenSecret', 'other']]))).status).toBe(401)
})
