import { createHash, createHmac, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { awsAccount, isSignedForAws } from '../authentication/aws-verifier.ts'
import { digestResponse, readDigest } from '../authentication/digest-verifier.ts'
import { readRequest, signature, signatureBase } from '../support/oauth1-verifier.ts'
import { startWorld, type World } from '../support/world.ts'
import { instanceOf, through } from './through.ts'
import { definitions } from './types-elements.ts'
import { type GatewayVendor, type Received, startGatewayVendor } from './types-vendor.ts'

let world: World
let vendor: GatewayVendor

beforeAll(async () => {
  vendor = await startGatewayVendor()
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(() => {
  vendor.received.splice(0)
})

const secret = 'an-unguessable-secret-9f1e'
const user = 'api-user'
const right = { user, secret, token: 'a-token-of-some-length', other: 'a-token-secret-of-length' }
const binary = randomBytes(100_000)
const soapEnvelope =
  '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><Op xmlns="urn:x"><Größe>1</Größe></Op></s:Body></s:Envelope>'
const bytes = { headers: { 'content-type': 'application/octet-stream' }, body: binary }
const form = {
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'b=1&a=%C3%A9+x',
}
const soap = { headers: { 'content-type': 'text/xml' }, body: soapEnvelope }
const json = {
  headers: { 'content-type': 'application/json' },
  body: '{"id":12345678901234567890}',
}

const encoded = (text: string) => Buffer.from(text).toString('base64')

function isHmac({ method, target, headers, body }: Received): boolean {
  const hmac = createHmac('sha256', secret).update(`${method} ${target}\n${headers['x-time']}\n`)
  return headers['x-signature'] === hmac.update(body).update('\nend').digest('hex')
}

function isHmacOfHead({ method, url, headers }: Received): boolean {
  const hmac = createHmac('sha512', secret).update(`${method} ${url.href}`)
  return headers['x-signature'] === hmac.digest('base64')
}

function isOAuth1({ method, url, headers, body }: Received): boolean {
  const { authorization, 'content-type': contentType } = headers
  const asked = { method, url: url.href, authorization, contentType, body: body.toString() }
  const read = readRequest(asked)
  if (!read) return false
  const base = signatureBase(asked, read)
  const wanted = signature(read.oauth.get('oauth_signature_method'), base, secret, right.other)
  return wanted === read.oauth.get('oauth_signature')
}

function isWsSecurity({ body }: Received): boolean {
  const at = (name: string) =>
    new RegExp(`<(?:wsse|wsu):${name}(?: [^>]*)?>([^<]*)<`).exec(body.toString())?.[1] ?? ''
  const digest = createHash('sha1').update(Buffer.from(at('Nonce'), 'base64'))
  const wanted = digest.update(at('Created') + secret).digest('base64')
  return at('Username') === user && at('Password') === wanted
}

const isJwt = async ({ headers }: Received) => {
  const token = headers.authorization?.replace('Bearer ', '') ?? ''
  const verified = await jwtVerify(token, Buffer.from(secret)).catch(() => undefined)
  return verified?.payload.sub === user
}

type Judge = (request: Received) => boolean | Promise<boolean>

const soapCredentials = `<credentials><User>${user}</User><Password>${secret}</Password></credentials>`

/** What the vendor of each element wants to see, and a request that it takes. */
const kinds: [element: string, judge: Judge, sent: object][] = [
  [
    'basic',
    ({ headers }) => headers.authorization === `Basic ${encoded(`${user}:${secret}`)}`,
    bytes,
  ],
  ['inheader', ({ headers }) => headers['x-key'] === `k=${secret}`, bytes],
  ['inquery', ({ url }) => url.searchParams.get('key') === secret, bytes],
  ['incookie', ({ headers }) => headers.cookie === `key=${secret}`, bytes],
  ['bearer', ({ headers }) => headers.authorization === `Bearer ${secret}`, bytes],
  [
    'headers',
    ({ headers }) => headers['x-user'] === user && headers['x-password'] === secret,
    bytes,
  ],
  [
    'fields',
    ({ body }) => body.toString() === `${form.body}&user=${user}&password=${secret}`,
    form,
  ],
  ['hmac', isHmac, bytes],
  ['hmacofhead', isHmacOfHead, bytes],
  ['aws', isSignedForAws, bytes],
  ['jwt', isJwt, bytes],
  ['soap', ({ body }) => body.includes(soapCredentials), soap],
  ['wssecurity', isWsSecurity, soap],
  ['oauth1', isOAuth1, form],
]

const given = (element: string, more: object = {}) => ({
  server: vendor.url,
  ...right,
  ...(element === 'aws' && { user: awsAccount.id, secret: awsAccount.secret }),
  ...more,
})

describe.each(kinds)('%s', (element, judge, sent) => {
  beforeEach(() => {
    vendor.answer = async (request) =>
      (await judge(request)) ? { body: 'known' } : { status: 401 }
  })

  test('other credentials are refused by the vendor, and the client sees that it is the vendor', async () => {
    const instance = await instanceOf(world, element, given(element, { secret: 'wrong-secret' }))
    const answer = await through(world, instance, 'POST', '/a%20b?x=1&y=%C3%A9', sent)
    expect([answer.status, answer.code]).toEqual([401, undefined])
    expect(vendor.received).toHaveLength(1)
  })

  test('a call is known to the vendor', async () => {
    const instance = await instanceOf(world, element, given(element))
    const answer = await through(world, instance, 'POST', '/a%20b?x=1&y=%C3%A9', sent)
    expect([answer.status, answer.text]).toEqual([200, 'known'])
    const { target, body } = vendor.received[0]!
    expect(target.startsWith('/a%20b?x=1&y=%C3%A9')).toBe(true)
    if (sent === bytes) expect(body.equals(binary)).toBe(true)
  })
})

test('a vendor that asks for nothing gets nothing', async () => {
  vendor.answer = () => ({ body: 'known' })
  const instance = await instanceOf(world, 'nobody', given('nobody'))
  expect((await through(world, instance, 'POST', '/x', bytes)).text).toBe('known')
  expect(vendor.received[0]!.headers.authorization).toBe(undefined)
  expect(vendor.received[0]!.body.equals(binary)).toBe(true)
})

test('JSON keeps the numbers that JavaScript has no room for, beside the credentials', async () => {
  const instance = await instanceOf(world, 'fields', given('fields'))
  await through(world, instance, 'PUT', '/x', json)
  expect(vendor.received[0]!.body.toString()).toBe(
    `{"id":12345678901234567890,"user":"${user}","password":"${secret}"}`,
  )
})

describe('what is signed whole', () => {
  const large = Buffer.alloc(8 * 1024 * 1024 + 1)

  test.each(['hmac', 'aws', 'fields', 'soap'])(
    'is refused by %s where it has more than 8 MiB, before the vendor hears of it',
    async (element) => {
      const instance = await instanceOf(world, element, given(element))
      const options = { headers: form.headers, body: large }
      const known = await through(world, instance, 'POST', '/x', options)
      expect([known.status, known.code]).toEqual([413, 'body-too-large-to-sign'])
      expect(known.message).toContain('8 MiB')
      const unknown = { ...options, body: Readable.from([large.subarray(1), Buffer.alloc(2)]) }
      const answer = await through(world, instance, 'POST', '/x', unknown).catch(() => undefined)
      // Whoever goes on sending may be cut off before the refusal is read.
      if (answer) expect(answer.code).toBe('body-too-large-to-sign')
      expect(vendor.received).toHaveLength(0)
    },
  )

  test('may have 8 MiB', async () => {
    vendor.answer = (request) => ({ status: isHmac(request) ? 200 : 401 })
    const instance = await instanceOf(world, 'hmac', given('hmac'))
    const body = large.subarray(1)
    const sent = { headers: bytes.headers, body }
    expect((await through(world, instance, 'POST', '/x?y', sent)).status).toBe(200)
    expect(vendor.received[0]!.body.equals(body)).toBe(true)
  })

  test.each(['basic', 'hmacofhead', 'oauth1'])(
    'is not what %s does to a file, which streams',
    async (element) => {
      vendor.answer = ({ body }) => ({ body: String(body.length) })
      const instance = await instanceOf(world, element, given(element))
      const sent = { headers: bytes.headers, body: Readable.from([large, large]) }
      const answer = await through(world, instance, 'POST', '/x', sent)
      expect(answer.text).toBe(String(2 * large.length))
    },
  )
})

test.each([
  ['fields', 'GET', {}, 'the credentials go into the body, and a GET has none'],
  ['fields', 'POST', bytes, 'it is neither JSON nor a form'],
  ['soap', 'POST', json, 'the request body is no SOAP envelope'],
  ['soap', 'POST', bytes, 'the request body is no text in UTF-8'],
  ['wssecurity', 'GET', {}, 'the request body is no SOAP envelope'],
])('%s says why a %s cannot carry the credentials', async (element, method, sent, reason) => {
  const instance = await instanceOf(world, element, given(element))
  const answer = await through(world, instance, method, '/x', sent)
  expect([answer.status, answer.code]).toEqual([400, 'request-unsignable'])
  expect(answer.message).toContain(reason)
  expect(vendor.received).toHaveLength(0)
})

describe.each(['oauth1', 'oauth1inquery'])('the parameters of OAuth that %s adds', (element) => {
  const sentForm = (body: string) => ({ ...form, body })

  test.each([
    ['query', '/x?a=1&oauth_token=mine', form, 'oauth_token'],
    ['query', '/x?%6fauth_token=mine', {}, 'oauth_token'],
    ['query', '/x?oauth_Signature', {}, 'oauth_Signature'],
    ['form', '/x?a=1', sentForm('a=1&oauth_nonce=mine'), 'oauth_nonce'],
    ['form', '/x', sentForm('%6F%61uth%5Ftoken=mine&a=1'), 'oauth_token'],
  ])('stand in no %s of a caller: %s', async (place, path, sent, name) => {
    const instance = await instanceOf(world, element, given(element))
    const answer = await through(world, instance, 'POST', path, sent)
    expect([answer.status, answer.code]).toEqual([400, 'request-unsignable'])
    expect(answer.message).toContain(`its ${place} has the parameter "${name}"`)
    expect(answer.message).toContain('leave out the parameters whose names begin with "oauth_"')
    expect(vendor.received).toHaveLength(0)
  })

  test('are none in names that are only like theirs, and in bodies that are no form', async () => {
    vendor.answer = (request) => ({ status: isOAuth1(request) ? 200 : 401 })
    const instance = await instanceOf(world, element, given(element))
    const path = '/x?xoauth_token=1&a=oauth_token&%256fauth_token=1'
    const calls = [
      sentForm('my_oauth_token=1&b=oauth_nonce'),
      { headers: { 'content-type': 'text/plain' }, body: 'oauth_token=mine' },
    ]
    for (const sent of calls) {
      expect((await through(world, instance, 'POST', path, sent)).status).toBe(200)
    }
    expect(vendor.received).toHaveLength(2)
  })
})

test("parameters of OAuth are a caller's own where the vendor knows callers in another way", async () => {
  const instance = await instanceOf(world, 'basic', given('basic'))
  await through(world, instance, 'POST', '/x?oauth_token=mine', { ...form, body: 'oauth_nonce=1' })
  expect(vendor.received[0]!.target).toBe('/x?oauth_token=mine')
  expect(vendor.received[0]!.body.toString()).toBe('oauth_nonce=1')
})

describe('digest', () => {
  const account = { username: user, realm: 'r', password: secret, hash: 'sha256' as const }
  const counts = new Map<string, number>()
  let nonce = 1
  let qop = 'auth'
  const challenge = () =>
    `Digest realm="r", nonce="n${nonce}", qop="${qop}", algorithm=SHA-256, opaque="o"`

  beforeEach(() => {
    nonce += 1
    qop = 'auth'
    vendor.answer = (request) => {
      const asked = { status: 401, headers: { 'www-authenticate': challenge() } }
      const said = readDigest(request.headers.authorization)
      if (!said || said.nonce !== `n${nonce}` || said.uri !== request.target) return asked
      if (said.qop !== qop || said.response !== digestResponse(account, said, request)) return asked
      // RFC 7616, section 3.4: a count that was used before is a request that is played again.
      if (Number.parseInt(said.nc!, 16) <= (counts.get(said.nonce!) ?? 0)) return asked
      counts.set(said.nonce!, Number.parseInt(said.nc!, 16))
      return { body: createHash('md5').update(request.body).digest('hex') }
    }
  })
  const sum = (body: Buffer) => createHash('md5').update(body).digest('hex')
  const small = Buffer.from([0xff, 0xfe, 0, 1])
  const methods = () => vendor.received.map(({ method, body }) => [method, body.length])

  test('wrong credentials are tried once', async () => {
    const instance = await instanceOf(world, 'digest', given('digest', { secret: 'wrong' }))
    const answer = await through(world, instance, 'PUT', '/x?y=1', { body: small })
    expect([answer.status, answer.code]).toEqual([401, undefined])
    expect(vendor.received).toHaveLength(2)
  })

  test('a small body is sent again for the challenge, and at once from then on', async () => {
    const instance = await instanceOf(world, 'digest', given('digest'))
    const put = () => through(world, instance, 'PUT', '/x?y=1', { body: small })
    for (let count = 0; count < 3; count += 1) expect((await put()).text).toBe(sum(small))
    expect(methods()).toEqual([
      ['PUT', 4],
      ['PUT', 4],
      ['PUT', 4],
      ['PUT', 4],
    ])
    nonce += 1
    expect((await put()).text).toBe(sum(small))
    expect(vendor.received).toHaveLength(6)
  })

  test('before a body that streams the vendor is asked without it', async () => {
    const instance = await instanceOf(world, 'digest', given('digest'))
    const answer = await through(world, instance, 'POST', '/x', { body: Readable.from([binary]) })
    expect(answer.text).toBe(sum(binary))
    expect(methods()).toEqual([
      ['HEAD', 0],
      ['POST', binary.length],
    ])
  })

  test('a vendor that wants a proof of the body gets one', async () => {
    qop = 'auth-int'
    const instance = await instanceOf(world, 'digest', given('digest'))
    const put = (body: Buffer | Readable) => through(world, instance, 'PUT', '/x', { body })
    expect((await put(small)).text).toBe(sum(small))
    expect((await put(Readable.from([binary]))).text).toBe(sum(binary))
    const large = Readable.from(Array.from({ length: 9 }, () => Buffer.alloc(1024 * 1024)))
    const answer = await put(large).catch(() => undefined)
    if (answer) expect(answer.code).toBe('body-too-large-to-sign')
  })
})
