import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digest } from '../../src/authentication/digest.ts'
import { RenderError } from '../../src/exchange/template.ts'
import { anyText } from '../exchange/any-text.ts'
import { type DigestAccount, digestResponse, readDigest } from './digest-verifier.ts'
import { openVendor, type Received, refusalOf } from './vendor.ts'

const authentication = {
  type: 'digest',
  name: 'Digest',
  username: '{user}',
  password: '{password}',
} as const
const right = { user: 'Mufasa', password: 'Circle of Life' }
const account: DigestAccount = {
  username: right.user,
  password: right.password,
  realm: 'http-auth@example.org',
  hash: 'sha256',
}
const ask = 'Digest realm="http-auth@example.org", nonce="n/1", opaque="o", qop="auth"'
const askSha256 = `${ask}, algorithm=SHA-256`

/** A vendor that knows one account, and asks for it with these challenges. */
function openIt(challenges: string | string[], known: DigestAccount = account) {
  return openVendor((received) => {
    const asked = { status: 401, headers: { 'www-authenticate': challenges } }
    return answers(received, known) || asked
  })
}

function answers(received: Received, known: DigestAccount): boolean {
  const given = readDigest(received.headers.authorization)
  if (!given || given.uri !== received.target || given.nonce !== 'n/1') return false
  if (given.realm !== known.realm || given.opaque !== 'o') return false
  if (given.qop && !/^[0-9a-f]{8}$/.test(given.nc!)) return false
  return given.response === digestResponse(known, given, received)
}

test('the vendor of these tests reckons as the examples of RFC 7616 do', () => {
  const given = {
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    uri: '/dir/index.html',
    nc: '00000001',
    qop: 'auth',
  }
  const get = { method: 'GET', body: '' }
  expect(digestResponse({ ...account, hash: 'md5' }, given, get)).toBe(
    '8ca523f5e9506fed4657c9700eebdbec',
  )
  expect(digestResponse(account, given, get)).toBe(
    '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  )
})

test('wrong credentials are refused, and tried once only', async () => {
  await using vendor = await openIt(askSha256)
  expect(await vendor.call(authentication, { ...right, password: 'circle' })).toBe(401)
  expect(vendor.received).toHaveLength(2)
  expect(await vendor.call(authentication, { ...right, user: 'mufasa' })).toBe(401)
  expect(vendor.received).toHaveLength(4)
})

test('a vendor that calls every nonce stale is given up on', async () => {
  await using vendor = await openIt(`${askSha256}, stale=true`, { ...account, password: 'other' })
  expect(await vendor.call(authentication, right)).toBe(401)
  expect(vendor.received).toHaveLength(3)
})

test.each([
  'Basic realm="x"',
  'Digest realm="x", qop="auth"',
  'Digest nonce="x", qop="auth"',
  `${ask}, algorithm=SHA-3`,
  `${ask.replace('"auth"', '"auth-conf"')}`,
  'Negotiate abc==',
  '"Digest" realm=x',
  '',
])('there is no answer to the challenge %j', async (challenge) => {
  await using vendor = await openIt(challenge)
  expect(await vendor.call(authentication, right)).toBe(401)
  expect(vendor.received).toHaveLength(1)
})

test('another answer than 401 is one for the caller', async () => {
  await using vendor = await openVendor(() => ({
    status: 403,
    headers: { 'www-authenticate': askSha256 },
  }))
  expect(await vendor.call(authentication, right)).toBe(403)
  expect(vendor.received).toHaveLength(1)
})

test.each([
  ['MD5', 'md5', false],
  ['MD5-sess', 'md5', true],
  ['md5', 'md5', false],
  ['SHA-256', 'sha256', false],
  ['SHA-256-sess', 'sha256', true],
  ['SHA-512-256', 'sha512-256', false],
] as const)('%s is answered', async (algorithm, hash, session) => {
  await using vendor = await openIt(`${ask}, algorithm=${algorithm}`, { ...account, hash, session })
  const call = { target: '/a%20b?x=1&y=%C3%A9' }
  expect(await vendor.call(authentication, right, call)).toBe(200)
  expect(vendor.received).toHaveLength(2)
  expect(vendor.received[0]!.headers.authorization).toBeUndefined()
})

test('what names no algorithm is MD5, and what names no quality of protection is RFC 2069', async () => {
  const known = { ...account, hash: 'md5' } as const
  for (const challenge of [ask, ask.replace(', qop="auth"', '')]) {
    await using vendor = await openIt(challenge, known)
    expect(await vendor.call(authentication, right)).toBe(200)
    expect(await vendor.call(authentication, { ...right, password: 'x' })).toBe(401)
  }
})

test('the body is covered where only auth-int is offered', async () => {
  const call = { method: 'POST', target: '/x', body: '{"ä":1}' }
  for (const [offered, wanted] of [
    ['auth-int', 'auth-int'],
    ['auth-int,auth', 'auth'],
  ]) {
    await using vendor = await openIt(askSha256.replace('"auth"', `"${offered}"`))
    expect(await vendor.call(authentication, right, call)).toBe(200)
    expect(readDigest(vendor.received[1]!.headers.authorization)!.qop).toBe(wanted)
  }
})

const md5 = `${ask}, algorithm=MD5`
test.each([
  ['one line', `${md5}, ${askSha256}`],
  ['several lines', [md5, askSha256]],
  [
    'one line with others',
    `Negotiate, NTLM TlRM==, Basic realm="a, Digest b", ${md5} , ${askSha256}`,
  ],
  ['several lines with others', ['Bearer realm="x\\", y"', `${askSha256}, ${md5}`]],
  [
    'odd spelling',
    askSha256.replace('Digest', 'DIGEST').replaceAll('=', ' = ').replaceAll(',', ' ,,'),
  ],
])('of several challenges the strongest is answered: in %s', async (_, challenges) => {
  await using vendor = await openIt(challenges)
  expect(await vendor.call(authentication, right)).toBe(200)
  expect(readDigest(vendor.received[1]!.headers.authorization)!.algorithm).toBe('SHA-256')
})

test('a nonce that was too old is replaced once', async () => {
  let answered = 0
  await using vendor = await openVendor((received) => {
    const given = readDigest(received.headers.authorization)
    if (given?.nonce === 'n/1') return answers(received, account)
    answered += given ? 1 : 0
    const challenge = given ? `${askSha256}, stale=TRUE` : askSha256.replace('n/1', 'old')
    return { status: 401, headers: { 'www-authenticate': challenge } }
  })
  expect(await vendor.call(authentication, right)).toBe(200)
  expect(answered).toBe(1)
})

test('a name may be hidden, and one beyond ASCII is written as RFC 8187 says', async () => {
  const known = { ...account, username: 'Jäsøn "D", Doe*' }
  const given = { ...right, user: known.username }
  const hidden = createHash('sha256').update(`${known.username}:${known.realm}`).digest('hex')
  await using hiding = await openIt(`${askSha256}, userhash=true, charset=UTF-8`, known)
  expect(await hiding.call(authentication, given)).toBe(200)
  expect(readDigest(hiding.received[1]!.headers.authorization)).toMatchObject({
    username: hidden,
    userhash: 'true',
  })
  await using open = await openIt(askSha256, known)
  expect(await open.call(authentication, given)).toBe(200)
  expect(readDigest(open.received[1]!.headers.authorization)).toMatchObject({
    'username*': "UTF-8''J%C3%A4s%C3%B8n%20%22D%22%2C%20Doe%2A",
  })
})

test('a realm with quotes goes back as it came', async () => {
  const known = { ...account, realm: 'a "b" \\ c' }
  const challenge = askSha256.replace('http-auth@example.org', 'a \\"b\\" \\\\ c')
  await using vendor = await openIt(challenge, known)
  expect(await vendor.call(authentication, right)).toBe(200)
})

test('a realm beyond ASCII is meant as UTF-8, and goes back as it came', async () => {
  const asSent = Buffer.from('Zoë €').toString('latin1')
  const challenge = askSha256.replace('http-auth@example.org', asSent)
  await using vendor = await openVendor((received) => {
    const given = readDigest(received.headers.authorization)
    const known = { ...account, realm: 'Zoë €' }
    const right = given?.response === digestResponse(known, given ?? {}, received)
    if (given?.realm === asSent && right) return true
    return { status: 401, headers: { 'www-authenticate': challenge } }
  })
  expect(await vendor.call(authentication, right)).toBe(200)
})

test('whatever the credentials are, the vendor knows them, or they are refused', async () => {
  let known = account
  await using vendor = await openVendor((received) => {
    const given = readDigest(received.headers.authorization)
    const named = given?.username ?? decodeURIComponent(given?.['username*']?.slice(7) ?? '')
    if (given && named === known.username && answers(received, known)) return true
    return { status: 401, headers: { 'www-authenticate': askSha256 } }
  })
  const sent = fc.asyncProperty(anyText, anyText, async (user, password) => {
    known = { ...account, username: user, password }
    try {
      expect(await vendor.call(authentication, { user, password })).toBe(200)
    } catch (error) {
      if (!(error instanceof RenderError)) throw error
    }
  })
  await fc.assert(sent)
})

const request = { method: 'GET', url: 'https://v.example/a?b=c', headers: {}, body: undefined }

test.each([
  ['user', 'a\r\nb', 'must not contain control characters'],
  ['password', '\ud800', 'is not well-formed Unicode'],
])('a %s of %j is refused before anything is sent', async (key, value, message) => {
  const values = new Map(Object.entries({ ...right, [key]: value }))
  const sign = () => digest.sign(request, authentication, values)
  expect(await refusalOf(sign)).toEqual({ key, message })
})

test('whatever a vendor asks, it gets a request that can be sent, or none', () => {
  const values = new Map(Object.entries(right))
  const parts = fc.constantFrom(
    'Digest ',
    'Basic',
    ', ',
    '=',
    '"',
    '\\',
    'nonce="n"',
    'realm=r',
    'qop=auth',
  )
  const begin = fc.constantFrom('', 'Digest nonce="n", realm=r, ', 'Digest realm="r" nonce=n,')
  const rest = fc.array(fc.oneof(parts, fc.string({ unit: 'binary-ascii' })))
  let answered = 0
  fc.assert(
    fc.property(begin, rest, (first, more) => {
      const headers = { 'www-authenticate': first + more.join('') }
      const again = digest.signAgain(
        request,
        authentication,
        values,
        { status: 401, headers },
        request,
      )
      if (!again) return
      answered += 1
      expect(readDigest(again.headers.authorization)).toMatchObject({ uri: '/a?b=c' })
    }),
    { numRuns: 1000 },
  )
  expect(answered).toBeGreaterThan(100)
})

test('what is shown has stars for the response', () => {
  const stars = new Map([
    ['user', 'Mufasa'],
    ['password', '********'],
  ])
  expect(digest.mask(request, authentication, stars).headers.authorization).toBe(
    'Digest username="Mufasa", uri="/a?b=c", response="********"',
  )
})
