import { createHash, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import { hmac } from '../../src/authentication/hmac.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { anyText } from '../exchange/any-text.ts'
import { openVendor, type Received, refusalOf } from './vendor.ts'

/** Everything is signed, and nonce and time stand beside the signature. */
const whole = {
  type: 'hmac',
  name: 'Signed',
  algorithm: 'sha256',
  secret: '{secret}',
  message:
    '{request.method}\n{request.host}{request.path}\n{request.query}\n{time.unix}\n{random.nonce}\n{request.body.sha256}',
  encoding: 'base64',
  headers: {
    Authorization: 'HMAC {key}:{random.nonce}:{signature}',
    'X-Time': '{time.unix}',
  },
} as const

function judgeWhole({ method, url, headers, body }: Received): boolean {
  const [, key, nonce, signature] =
    /^HMAC (.*):([0-9a-f]{32}):(.*)$/.exec(headers.authorization ?? '') ?? []
  const time = String(headers['x-time'])
  const hash = createHash('sha256').update(body).digest('hex')
  const path = headers.host + url.pathname
  const message = [method, path, url.search.slice(1), time, nonce, hash].join('\n')
  const wanted = createHmac('sha256', 's€cret').update(message).digest('base64')
  const fresh = Math.abs(Date.now() / 1000 - Number(time)) < 60
  return key === 'k' && fresh && signature === wanted
}

const right = { key: 'k', secret: 's€cret' }
const post = { method: 'POST', target: '/a%20b/c?x=1&y=%C3%A9', body: '{"ä":1}' }

test('another secret or key is refused', async () => {
  await using vendor = await openVendor(judgeWhole)
  expect(await vendor.call(whole, { ...right, secret: 'secret' }, post)).toBe(401)
  expect(await vendor.call(whole, { ...right, secret: '' }, post)).toBe(401)
  expect(await vendor.call(whole, { ...right, key: 'K' }, post)).toBe(401)
})

test.each([
  ['method', { method: 'PUT' }],
  ['path', { path: '/a%20b/d?x=1&y=%C3%A9' }],
  ['query', { path: '/a%20b/c?x=2&y=%C3%A9' }],
  ['body', { body: '{"ä":2}' }],
  ['time', { headers: { 'x-time': String(Math.floor(Date.now() / 1000) - 7) } }],
])('another %s than was signed is refused', async (_, { path, headers, ...rest }: Tampered) => {
  await using vendor = await openVendor(judgeWhole)
  const status = await vendor.call(whole, right, {
    ...post,
    tamper: (signed) => ({
      ...signed,
      ...rest,
      url: path === undefined ? signed.url : vendor.origin + path,
      headers: { ...signed.headers, ...headers },
    }),
  })
  expect(status).toBe(401)
})

type Tampered = {
  method?: string
  path?: string
  body?: string
  headers?: Record<string, string>
}

test('what is signed as the vendor wants it is known', async () => {
  await using vendor = await openVendor(judgeWhole)
  expect(await vendor.call(whole, right, post)).toBe(200)
  expect(await vendor.call(whole, right)).toBe(200)
  const nonces = vendor.received.map(({ headers }) => headers.authorization?.split(':')[1])
  expect(new Set(nonces).size).toBe(2)
})

/** The signature is the last parameter, over all that stand before it. */
const inQuery = {
  type: 'hmac',
  name: 'Signed query',
  algorithm: 'sha512',
  secret: '{secret}',
  secretEncoding: 'base64',
  message: '{request.query}',
  encoding: 'hex',
  headers: { 'X-Key': '{key}' },
  query: { signature: '{signature}', timestamp: '{time.unixMillis}' },
} as const

test('a signature in the query covers the parameters before it', async () => {
  const secret = Buffer.from([0, 255, 128, 10])
  await using vendor = await openVendor(({ target, headers }) => {
    const [, query = '', signature] = /\?(.*)&signature=(.*)$/.exec(target) ?? []
    const wanted = createHmac('sha512', secret).update(query).digest('hex')
    return headers['x-key'] === 'k' && /&timestamp=\d{13}$/.test(query) && signature === wanted
  })
  const values = { key: 'k', secret: secret.toString('base64') }
  const call = { target: '/order?symbol=A%2FB' }
  expect(await vendor.call(inQuery, values, call)).toBe(200)
  const tamper = (signed: { url: string }) => ({ url: signed.url.replace('A%2FB', 'A%2FC') })
  expect(
    await vendor.call(inQuery, values, {
      ...call,
      tamper: (signed) => ({ ...signed, ...tamper(signed) }),
    }),
  ).toBe(401)
  expect(await vendor.call(inQuery, { ...values, secret: 'AAAA' }, call)).toBe(401)
})

test('a base64 signature arrives exactly in a query, in each algorithm and encoding', async () => {
  const algorithms = ['sha1', 'sha256', 'sha384', 'sha512'] as const
  const encodings = ['hex', 'base64', 'base64url'] as const
  for (const algorithm of algorithms) {
    for (const encoding of encodings) {
      await using vendor = await openVendor(({ url, body }) => {
        const wanted = createHmac(algorithm, Buffer.from('0aff', 'hex')).update(body)
        return url.searchParams.get('s') === wanted.digest(encoding)
      })
      const authentication = {
        ...({ type: 'hmac', name: 'x', secret: '{secret}', secretEncoding: 'hex' } as const),
        ...{ algorithm, encoding, message: '{request.body}', query: { s: '{signature}' } },
      }
      const call = { method: 'POST', body: 'a=1' }
      expect(await vendor.call(authentication, { secret: '0aFF' }, call)).toBe(200)
    }
  }
})

test('every placeholder stands for what it says, all of one moment', async () => {
  const message = hmac.own.filter((one) => one !== 'signature').map((one) => `{${one}}`)
  const authentication = {
    ...whole,
    message: '{request.method}',
    headers: { all: message.filter((one) => one !== '{request.body}').join(' ') },
  }
  await using vendor = await openVendor(() => true)
  await vendor.call(authentication, right, post)
  const { headers, body } = vendor.received[0]!
  const all = String(headers.all)
  const [method, path, query, host, url, sha256, md5, unix, millis, iso, ...more] = all.split(' ')
  const time = new Date(Number(millis))
  expect([method, path, query]).toEqual(['POST', '/a%20b/c', 'x=1&y=%C3%A9'])
  expect([host, url]).toEqual([headers.host, vendor.origin + post.target])
  expect(sha256).toBe(createHash('sha256').update(body).digest('hex'))
  expect(md5).toBe(createHash('md5').update(body).digest('base64'))
  expect([unix, iso]).toEqual([String(Math.floor(time.getTime() / 1000)), time.toISOString()])
  expect(more.slice(0, -1).join(' ')).toBe(time.toUTCString())
  expect(more.at(-1)).toMatch(/^[0-9a-f]{32}$/)
})

const request = { method: 'GET', url: 'https://v.example/', headers: {}, body: undefined }

test.each([
  ['base64', 'not base64!'],
  ['hex', 'abc'],
  ['hex', '0x10'],
] as const)('a secret that is not in %s is refused: %j', async (secretEncoding, secret) => {
  const values = new Map(Object.entries({ ...right, secret }))
  const sign = () => hmac.sign(request, { ...whole, secretEncoding }, values)
  expect(await refusalOf(sign)).toEqual({ key: 'secret', message: `is not in ${secretEncoding}` })
})

test('whatever values are, the vendor signs the same, or they are refused', async () => {
  const authentication = {
    ...whole,
    message: '{key}\n{time.unix}',
    headers: { s: '{signature}', t: '{time.unix}' },
  }
  await using vendor = await openVendor(() => true)
  const sent = fc.asyncProperty(anyText, anyText, async (key, secret) => {
    try {
      await vendor.call(authentication, { key, secret })
    } catch (error) {
      expect(error).toBeInstanceOf(RenderError)
      return
    }
    const { headers } = vendor.received.at(-1)!
    const wanted = createHmac('sha256', secret).update(`${key}\n${headers.t}`).digest('base64')
    expect(headers.s).toBe(wanted)
  })
  await fc.assert(sent)
})

test('it sees the body only where it names it', () => {
  expect(hmac.seesBody(whole)).toBe(true)
  expect(hmac.seesBody({ ...whole, message: '{request.path}' })).toBe(false)
  expect(hmac.seesBody({ ...inQuery, query: { h: '{request.body.md5}' } })).toBe(true)
})

test.each([
  { message: 'a{signature}' },
  { message: '\n{signature|lower}' },
  { secret: '{signature}' },
  { algorithm: 'md5' },
  { headers: { 'a b': '{signature}' } },
])('a definition may not say %j', (wrong) => {
  expect(Check(hmac.schema, whole)).toBe(true)
  expect(Check(hmac.schema, { ...whole, ...wrong })).toBe(false)
})

test('what is shown has stars for secret, signature and nonce', () => {
  const masked = { ...request, url: 'https://v.example/?token=********' }
  const stars = new Map([
    ['key', 'k'],
    ['secret', '********'],
  ])
  expect(hmac.mask(masked, { ...whole, secretEncoding: 'hex' }, stars).headers).toEqual({
    authorization: 'HMAC k:********:********',
    'x-time': expect.stringMatching(/^\d+$/),
  })
  expect(hmac.mask(masked, inQuery, stars).url).toMatch(
    /^https:\/\/v\.example\/\?token=\*{8}&timestamp=\d+&signature=\*{8}$/,
  )
})
