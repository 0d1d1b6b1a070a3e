import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  verify,
} from 'node:crypto'
import fc from 'fast-check'
import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import type { Authentication } from '../../src/authentication/authentication.ts'
import { jwt } from '../../src/authentication/jwt.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { anyText } from '../exchange/any-text.ts'
import { openVendor, type Received, refusalOf } from './vendor.ts'

const app = {
  type: 'jwt',
  name: 'App',
  algorithm: 'RS256',
  signingKey: '{key}',
  claims: { iss: '{app}' },
} as const
type Algorithm = Extract<Authentication, { type: 'jwt' }>['algorithm']

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
const ed25519 = generateKeyPairSync('ed25519').privateKey
const pem = (key: KeyObject, type: 'pkcs1' | 'sec1' | 'pkcs8' = 'pkcs8') =>
  key.export({ format: 'pem', type }) as string

const parse = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())

interface Token {
  head: Record<string, unknown>
  claims: Record<string, unknown>
  signed: Buffer
  signature: Buffer
}

function read({ headers }: Received, name = 'authorization', prefix = 'Bearer '): Token {
  const written = String(headers[name])
  expect(written.startsWith(prefix)).toBe(true)
  const [head, claims, signature] = written.slice(prefix.length).split('.')
  return {
    head: parse(head),
    claims: parse(claims),
    signed: Buffer.from(`${head}.${claims}`),
    signature: Buffer.from(signature!, 'base64url'),
  }
}

/** RFC 7515, section 5.2, with the algorithms of RFC 7518 and RFC 8037. */
function isSigned(token: Token, algorithm: Algorithm, key: KeyObject): boolean {
  const { head, signed, signature } = token
  const hash = algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`
  const padding = algorithm.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {}
  const given = { key, dsaEncoding: 'ieee-p1363', ...padding } as const
  return head.alg === algorithm && verify(hash, signed, given, signature)
}

/** A vendor that lets the app "a-1" in. */
function openIt(algorithm: Algorithm, key: KeyObject) {
  const known = createPublicKey(key)
  return openVendor((received) => {
    const token = read(received)
    const now = Date.now() / 1000
    const current = Number(token.claims.iat) <= now && now < Number(token.claims.exp)
    return isSigned(token, algorithm, known) && current && token.claims.iss === 'a-1'
  })
}

const kinds: [Algorithm, KeyObject][] = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const).map(
    (one) => [one, rsa] as [Algorithm, KeyObject],
  ),
  ['ES256', p256],
  ['ES384', p384],
  ['EdDSA', ed25519],
]

test.each([
  ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, rsa],
  ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, p256],
  ['EdDSA', generateKeyPairSync('ed25519').privateKey, ed25519],
] as const)('%s with the key of someone else is refused', async (algorithm, other, key) => {
  await using vendor = await openIt(algorithm, key)
  expect(await vendor.call({ ...app, algorithm }, { key: pem(other), app: 'a-1' })).toBe(401)
})

test('another app is refused, and so are claims that someone changed on the way', async () => {
  await using vendor = await openIt('RS256', rsa)
  expect(await vendor.call(app, { key: pem(rsa), app: 'a-2' })).toBe(401)
  const status = await vendor.call(
    app,
    { key: pem(rsa), app: 'a-2' },
    {
      tamper(signed) {
        const [head, claims, signature] = signed.headers.authorization!.split('.')
        const changed = Buffer.from(JSON.stringify({ ...parse(claims), iss: 'a-1' }))
        const authorization = [head, changed.toString('base64url'), signature].join('.')
        return { ...signed, headers: { authorization } }
      },
    },
  )
  expect(status).toBe(401)
})

test.each(kinds)('what is signed with %s is known', async (algorithm, key) => {
  await using vendor = await openIt(algorithm, key)
  expect(await vendor.call({ ...app, algorithm }, { key: pem(key), app: 'a-1' })).toBe(200)
})

/** What `openssl ecparam -genkey` writes before a key. */
const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'

test.each([
  ['PKCS#1', 'RS256', rsa, pem(rsa, 'pkcs1')],
  ['SEC 1', 'ES256', p256, pem(p256, 'sec1')],
  ['a JWK', 'RS256', rsa, JSON.stringify(rsa.export({ format: 'jwk' }))],
  [
    'a JWK of its curve',
    'EdDSA',
    ed25519,
    ` ${JSON.stringify(ed25519.export({ format: 'jwk' }))}\n`,
  ],
  ['PEM whose line breaks became spaces', 'RS256', rsa, pem(rsa).replaceAll('\n', ' ')],
  ['PEM that lost its line breaks', 'RS256', rsa, pem(rsa, 'pkcs1').replaceAll('\n', '')],
  ['PEM out of a JSON file', 'RS256', rsa, pem(rsa).replaceAll('\n', '\\n')],
  ['PEM with line ends of Windows', 'ES384', p384, pem(p384).replaceAll('\n', '\r\n')],
  ['PEM behind the parameters of its curve', 'ES256', p256, parameters + pem(p256, 'sec1')],
  ['PEM with words before it', 'ES256', p256, `Bag Attributes\n  name: x\n${pem(p256)}`],
] as const)('a key may be %s', async (_, algorithm, key, written) => {
  await using vendor = await openIt(algorithm, key)
  expect(await vendor.call({ ...app, algorithm }, { key: written, app: 'a-1' })).toBe(200)
})

test.each(['HS256', 'HS384', 'HS512'] as const)('%s is signed with a text', async (algorithm) => {
  const judge = (secret: string | Buffer) => (received: Received) => {
    const { head, signed, signature } = read(received)
    const wanted = createHmac(`sha${algorithm.slice(2)}`, secret)
      .update(signed)
      .digest()
    return head.alg === algorithm && wanted.equals(signature)
  }
  await using vendor = await openVendor(judge('s€cret'))
  expect(await vendor.call({ ...app, algorithm }, { key: 's€cret' })).toBe(200)
  expect(await vendor.call({ ...app, algorithm }, { key: 'secret' })).toBe(401)
  const bytes = randomBytes(32)
  await using other = await openVendor(judge(bytes))
  const authentication = { ...app, algorithm, keyEncoding: 'base64' } as const
  expect(await other.call(authentication, { key: bytes.toString('base64') })).toBe(200)
  expect(await other.call(authentication, { key: bytes.toString('base64url') })).toBe(200)
})

const encrypted = (type: 'pkcs1' | 'pkcs8') =>
  rsa.export({ format: 'pem', type, cipher: 'aes-256-cbc', passphrase: 'x' }) as string
const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
const behind = 'is a key behind a passphrase; give the key without one'
const none = 'is no private key in PEM, nor a JWK'

test.each([
  ['an encrypted key', 'RS256', encrypted('pkcs8'), behind],
  ['an encrypted key of the older form', 'RS256', encrypted('pkcs1'), behind],
  ['a public key', 'RS256', createPublicKey(rsa).export({ format: 'pem', type: 'spki' }), none],
  ['a public JWK', 'RS256', JSON.stringify(createPublicKey(rsa).export({ format: 'jwk' })), none],
  ['a symmetric JWK', 'RS256', '{"kty":"oct","k":"AAAA"}', none],
  ['half a key', 'RS256', pem(rsa).slice(0, 400), none],
  ['a password', 'ES256', 'hunter2', none],
  ['nothing', 'ES256', '', none],
  ['nothing', 'HS256', '', 'is needed'],
  ['JSON that breaks off', 'RS256', '{"kty":"RSA"', none],
  ['a small key', 'RS256', pem(small), 'must be an RSA key of 2048 to 8192 bits'],
  ['a key on a curve', 'PS256', pem(p256), 'must be an RSA key of 2048 to 8192 bits'],
  ['a key on another curve', 'ES256', pem(p384), 'must be an EC key on the curve P-256'],
  ['an RSA key', 'ES384', pem(rsa), 'must be an EC key on the curve P-384'],
  ['an EC key', 'EdDSA', pem(p256), 'must be an Ed25519 key'],
] as const)('%s is refused for %s, naming the entry', async (_, algorithm, key, message) => {
  const request = { method: 'GET', url: 'https://v.example/', headers: {}, body: undefined }
  const sign = () => jwt.sign(request, { ...app, algorithm }, new Map([['key', String(key)]]))
  expect(await refusalOf(sign)).toEqual({ key: 'key', message })
})

test('a text that is not in base64 is refused where it has to be', async () => {
  const request = { method: 'GET', url: 'https://v.example/', headers: {}, body: undefined }
  const authentication = { ...app, algorithm: 'HS256', keyEncoding: 'base64' } as const
  const sign = () => jwt.sign(request, authentication, new Map([['key', 'not so!']]))
  expect(await refusalOf(sign)).toEqual({ key: 'key', message: 'is not in base64' })
})

test('claims, header and life are what the definition says', async () => {
  const authentication = {
    ...app,
    claims: {
      iss: '{app}',
      aud: ['https://v.example', '{app}'],
      uri: '{request.method} {request.host}{request.path}',
      jti: '{random.nonce}',
      admin: true,
      iat: 1,
      exp: 2,
    },
    keyId: 'kid-{app}',
    headerClaims: { typ: 'at+jwt', nonce: '{random.nonce}', alg: 'none' },
    lifetimeSeconds: 1200,
    header: 'X-Token',
    prefix: 'JWT token=',
  }
  await using vendor = await openVendor(() => true)
  await vendor.call(authentication, { key: pem(rsa), app: 'ä"1' }, { target: '/a%20b?c' })
  const token = read(vendor.received[0]!, 'x-token', 'JWT token=')
  const { claims, head } = token
  expect(isSigned(token, 'RS256', createPublicKey(rsa))).toBe(true)
  expect(claims).toEqual({
    iss: 'ä"1',
    aud: ['https://v.example', 'ä"1'],
    uri: `GET ${new URL(vendor.origin).host}/a%20b`,
    jti: expect.stringMatching(/^[0-9a-f]{32}$/),
    admin: true,
    iat: expect.any(Number),
    exp: Number(claims.iat) + 1200,
  })
  expect(head).toEqual({ typ: 'at+jwt', nonce: claims.jti, kid: 'kid-ä"1', alg: 'RS256' })
  expect(Math.abs(Date.now() / 1000 - 30 - Number(claims.iat))).toBeLessThan(20)
})

test('left out, it lives for five minutes and has no key id', async () => {
  await using vendor = await openVendor(() => true)
  await vendor.call({ ...app, keyId: '{none}' }, { key: pem(rsa), app: 'a-1' })
  const { head, claims } = read(vendor.received[0]!)
  expect(head).toEqual({ typ: 'JWT', alg: 'RS256' })
  expect(Number(claims.exp) - Number(claims.iat)).toBe(300)
})

test('it sees the body only where it names it', () => {
  expect(jwt.seesBody(app)).toBe(false)
  expect(jwt.seesBody({ ...app, claims: { hash: '{request.body.sha256}' } })).toBe(true)
})

test.each([
  { algorithm: 'none' },
  { lifetimeSeconds: 3601 },
  { header: 'a b' },
  { prefix: 'a\r\nb' },
  { claims: [] },
])('a definition may not say %j', (wrong) => {
  expect(Check(jwt.schema, app)).toBe(true)
  expect(Check(jwt.schema, { ...app, ...wrong })).toBe(false)
})

test('whatever values are, the vendor reads the same ones, or they are refused', async () => {
  await using vendor = await openVendor(() => true)
  const authentication = { ...app, algorithm: 'HS256', keyId: '{id}' } as const
  const sent = fc.asyncProperty(anyText, anyText, anyText, async (key, issuer, id) => {
    try {
      await vendor.call(authentication, { key, app: issuer, id })
    } catch (error) {
      expect(error).toBeInstanceOf(RenderError)
      return
    }
    const { head, claims, signed, signature } = read(vendor.received.at(-1)!)
    expect([claims.iss, head.kid ?? '']).toEqual([issuer, id])
    expect(createHmac('sha256', key).update(signed).digest()).toEqual(signature)
  })
  await fc.assert(sent)
})

test('what is shown has stars for the token', () => {
  const request = { method: 'GET', url: 'https://v.example/', headers: {}, body: undefined }
  expect(jwt.mask(request, app).headers).toEqual({ authorization: 'Bearer ********' })
  expect(jwt.mask(request, { ...app, header: 'X-T', prefix: '' }).headers).toEqual({
    'x-t': '********',
  })
})
