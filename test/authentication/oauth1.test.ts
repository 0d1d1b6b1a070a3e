import { afterAll, beforeAll, expect, test } from 'vitest'
import { oauth1 } from '../../src/authentication/oauth1.ts'
import { call, countStored } from '../support/client.ts'
import { judged, oauth1Element } from '../support/oauth1-elements.ts'
import { type OAuth1Server, startOAuth1Server } from '../support/oauth1-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { refusalOf } from './vendor.ts'

const client = { key: 'client key!&=%', secret: "c-secret!*'()+/&=% é 0123" }
const token = {
  client: client.key,
  token: 'tok/en+=&%20 ü-0123456789',
  secret: 't-secret&=+~😀-0123',
}

const odd = { a: 'é€😀 +&=%20', b: '', 'c d!': "!*'()~-._", n: '{note}' }
const query = { probes: [{ method: 'GET', path: 'me', query: odd, ...judged }] }
const form = {
  probes: [{ method: 'POST', path: 'form', query: odd, body: { form: odd }, ...judged }],
}
const json = { probes: [{ method: 'POST', path: 'form', body: { json: odd }, ...judged }] }
const realm = '{account|upper|replace:-:_}'

const definitions = [
  oauth1Element(9701, 'sha1'),
  oauth1Element(9702, 'sha256', { signatureMethod: 'HMAC-SHA256', realm }, query),
  oauth1Element(9703, 'inquery', { in: 'query' }, query),
  oauth1Element(9704, 'form', {}, form),
  oauth1Element(9705, 'forminquery', { in: 'query', signatureMethod: 'HMAC-SHA256' }, form),
  oauth1Element(9706, 'json', {}, json),
]

let world: World
let server: OAuth1Server
let strict: OAuth1Server
let ahead: OAuth1Server
beforeAll(async () => {
  const known = { clients: [client], tokens: [token] }
  server = await startOAuth1Server(known)
  strict = await startOAuth1Server({ ...known, realm: 'A"\\1_SB1' })
  ahead = await startOAuth1Server({ ...known, ahead: 3600 })
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  for (const one of [server, strict, ahead]) await one[Symbol.asyncDispose]()
})

const good = () => ({
  server: server.url,
  client: client.key,
  note: 'x y&z',
  'client.secret': client.secret,
  token: token.token,
  'token.secret': token.secret,
})
const provision = (key: string, configuration: object) =>
  call(world, 'POST', `/elements/${key}/instances`, { body: { name: 'N', configuration } })

const decode = (text: string) =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString(),
  )

const keys = definitions.map(({ key }) => key)

test.each(keys)('%s: secrets that are not right are refused, and shown nowhere', async (key) => {
  for (const wrong of ['client.secret', 'token.secret']) {
    const before = await countStored(world)
    const configuration = { ...good(), [wrong]: 'wrong-secret-0123456789' }
    const { status, body, text } = await provision(key, configuration)
    expect([status, body.code]).toEqual([400, 'credentials-rejected'])
    expect(body.probe.verdict).toBe('rejected')
    expect(body.providerMessage).toMatch(/^signature_invalid for .*\*{8}/)
    const { request, response } = body.probe
    if (key.endsWith('inquery')) expect(request.url).toMatch(/&oauth_signature=\*{8}$/)
    else expect(request.headers.authorization).toBe('OAuth ********')
    expect(response.body).toContain('oauth_problem=signature_invalid')
    const hidden = [token.token, client.secret, token.secret, server.signatures.at(-1)!]
    let shown = text
    for (let depth = 0; depth < 4; depth += 1, shown = decode(shown)) {
      for (const one of [...hidden, 'wrong-secret-0123456789']) expect(shown).not.toContain(one)
    }
    expect(await countStored(world)).toEqual(before)
  }
})

test.each([
  ['client', 'stranger', 'consumer_key_unknown'],
  ['token', 'some-other-token', 'token_rejected'],
])('another %s is refused', async (entry, value, problem) => {
  const { status, body } = await provision('sha1', { ...good(), [entry]: value })
  expect([status, body.code]).toEqual([400, 'credentials-rejected'])
  expect(body.probe.response.body).toContain(`oauth_problem=${problem}`)
})

test('a vendor whose clock is another refuses every signature', async () => {
  const { body } = await provision('sha1', { ...good(), server: ahead.url })
  expect(body.code).toBe('credentials-rejected')
  expect(body.providerMessage).toMatch(/^timestamp_refused/)
})

test('another realm is refused, though none is signed', async () => {
  const { body } = await provision('sha256', { ...good(), server: strict.url, account: 'other' })
  expect(body.code).toBe('credentials-rejected')
  expect(body.providerMessage).toMatch(/^realm_rejected/)
})

test.each(['client', 'client.secret', 'token', 'token.secret'])(
  'what cannot be signed without is asked for: %s',
  async (entry) => {
    const { status, body } = await provision('sha1', { ...good(), [entry]: undefined })
    expect([status, body.code]).toEqual([400, 'configuration-invalid'])
    expect(body.invalid).toEqual([{ key: entry, reason: 'is needed' }])
  },
)

test.each(keys)(
  '%s: whatever is in key, token, secrets and parameters, the vendor knows us',
  async (key) => {
    const { status, body, text } = await provision(key, good())
    expect(body).toMatchObject({ state: 'verified', authentication: { type: 'oauth1' } })
    expect([status, text.includes(token.token)]).toEqual([200, false])
    const { headers, path } = server.received.at(-1)!
    const inQuery = key.endsWith('inquery')
    expect(headers.authorization?.startsWith('OAuth ') ?? false).toBe(!inQuery)
    expect(path.includes('oauth_signature=')).toBe(inQuery)
  },
)

test('a realm is written as the vendor wants it, whatever the user writes', async () => {
  for (const account of ['a"\\1-sb1', 'A"\\1_SB1']) {
    const { body } = await provision('sha256', { ...good(), server: strict.url, account })
    expect(body.state).toBe('verified')
  }
  const { headers } = strict.received.at(-1)!
  expect(headers.authorization).toMatch(
    /^OAuth realm="A\\"\\\\1_SB1", oauth_consumer_key="client%20key/,
  )
})

test('every request has a nonce of its own', async () => {
  await provision('sha1', good())
  await provision('sha1', good())
  const nonces = server.received.flatMap(
    ({ headers }) => /oauth_nonce="([0-9a-f]{32})"/.exec(headers.authorization ?? '')?.[1] ?? [],
  )
  expect(nonces.length).toBeGreaterThan(10)
  expect(new Set(nonces).size).toBe(nonces.length)
})

test.each([
  ['client', '\ud800', 'is not well-formed Unicode'],
  ['account', 'a\nb', 'has a character that cannot stand in an HTTP header'],
])('a %s that cannot be sent is refused', async (key, value, message) => {
  const request = { method: 'GET', url: 'https://v.example/', headers: {}, body: undefined }
  const authentication = {
    ...({ type: 'oauth1', name: 'x', token: 't', tokenSecret: 's', realm: '{account}' } as const),
    ...{ consumerKey: '{client}', consumerSecret: 's' },
  }
  const values = new Map([
    ['client', 'c'],
    [key, value],
  ])
  const sign = () => oauth1.sign(request, authentication, values)
  expect(await refusalOf(sign)).toEqual({ key, message })
})
