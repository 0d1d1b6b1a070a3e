import { createHash } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { awsSignature4 } from '../../src/authentication/aws-signature4.ts'
import { awsAccount, isSignedForAws } from './aws-verifier.ts'
import { openVendor, refusalOf } from './vendor.ts'

const authentication = {
  type: 'awsSignature4',
  name: 'AWS',
  accessKeyId: '{id}',
  secretAccessKey: '{secret}',
  sessionToken: '{token}',
  region: '{region}',
  service: 'execute-api',
} as const
const right = { ...awsAccount, region: 'eu-west-1' }

const call = {
  method: 'POST',
  target: "/a%20b/c+d/(x)!?b=2&a=1&a=%2F%20'%C3%A9",
  headers: { 'content-type': 'application/json', 'x-amz-target': 'Do  It', accept: '*/*' },
  body: '{"ä":1}',
}

afterEach(() => {
  vi.useRealTimers()
})

test('another secret, key id or region is refused', async () => {
  await using vendor = await openVendor(
    (one) => isSignedForAws(one) && one.headers.authorization!.includes('/eu-west-1/'),
  )
  expect(await vendor.call(authentication, { ...right, secret: `${right.secret}1` }, call)).toBe(
    401,
  )
  expect(await vendor.call(authentication, { ...right, id: 'AKIDEXAMPL' }, call)).toBe(401)
  expect(await vendor.call(authentication, { ...right, region: 'eu-west-2' }, call)).toBe(401)
})

test.each([
  ['method', { method: 'PUT' }],
  ['body', { body: '{"ä":2}' }],
  ['path', { from: '/c+d', to: '/c+e' }],
  ['query', { from: 'b=2', to: 'b=3' }],
])(
  'another %s than was signed is refused',
  async (_, { from = '', to = '', ...rest }: Tampered) => {
    await using vendor = await openVendor(isSignedForAws)
    const tamper = (signed: { url: string }) => ({ ...rest, url: signed.url.replace(from, to) })
    for (const service of ['execute-api', 's3']) {
      const status = await vendor.call({ ...authentication, service }, right, {
        ...call,
        tamper: (signed) => ({ ...signed, ...tamper(signed) }),
      })
      expect(status).toBe(401)
    }
  },
)

type Tampered = { method?: string; body?: string; from?: string; to?: string }

test.each(['execute-api', 'dynamodb', 'sqs'])('what is signed for %s is known', async (service) => {
  await using vendor = await openVendor(isSignedForAws)
  expect(await vendor.call({ ...authentication, service }, right, call)).toBe(200)
  expect(await vendor.call({ ...authentication, service }, right)).toBe(200)
  expect(vendor.received[0]!.headers['x-amz-security-token']).toBeUndefined()
})

test('what is signed for S3 covers the body, too', async () => {
  await using vendor = await openVendor(isSignedForAws)
  const put = { method: 'PUT', target: '/bucket/a%20b(1).txt?partNumber=1', body: 'content' }
  expect(await vendor.call({ ...authentication, service: 's3' }, right, put)).toBe(200)
})

test('a body is covered where the request says that it is not', async () => {
  await using vendor = await openVendor(
    (one) =>
      isSignedForAws(one) &&
      one.headers['x-amz-content-sha256'] === createHash('sha256').update(one.body).digest('hex'),
  )
  const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  for (const service of ['s3', 'sqs']) {
    const one = { ...authentication, service }
    expect(await vendor.call(one, right, { ...call, target: '/x', headers })).toBe(200)
  }
})

test("a session's token is sent, and signed", async () => {
  await using vendor = await openVendor(
    (one) => isSignedForAws(one) && one.headers['x-amz-security-token'] === 'tok/en+=',
  )
  expect(await vendor.call(authentication, { ...right, token: 'tok/en+=' }, call)).toBe(200)
  const swap = { 'x-amz-security-token': 'tok/en+=' }
  const status = await vendor.call(
    authentication,
    { ...right, token: 'other' },
    {
      ...call,
      tamper: (signed) => ({ ...signed, headers: { ...signed.headers, ...swap } }),
    },
  )
  expect(status).toBe(401)
})

test("AWS's own example is signed as it says", async () => {
  vi.useFakeTimers({ now: new Date('2015-08-30T12:36:00Z'), toFake: ['Date'] })
  const request = {
    method: 'GET',
    url: 'https://example.amazonaws.com/',
    headers: {},
    body: undefined,
  }
  const one = { ...authentication, service: 'service' }
  const values = new Map(Object.entries({ ...right, region: 'us-east-1' }))
  expect((await awsSignature4.sign(request, one, values)).headers.authorization).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  )
})

test.each([
  ['id', 'AK/1'],
  ['id', ''],
  ['region', ''],
  ['region', 'eu\nwest'],
  ['token', 'a\nb'],
  ['secret', '\ud800'],
])('a %s of %j is refused, naming the entry', async (key, value) => {
  const request = { method: 'GET', url: 'https://v.example/', headers: {}, body: undefined }
  const values = new Map(Object.entries({ ...right, [key]: value }))
  expect((await refusalOf(() => awsSignature4.sign(request, authentication, values))).key).toBe(key)
})

test('what is shown has stars for token and signature', () => {
  const request = { method: 'GET', url: 'https://v.example/', headers: {}, body: undefined }
  const stars = { secret: '********', token: '********' }
  const show = (id: string) =>
    awsSignature4.mask(request, authentication, new Map(Object.entries({ ...right, ...stars, id })))
  const { headers } = show(right.id)
  expect(headers['x-amz-security-token']).toBe('********')
  expect(headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/execute-api\/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=\*{8}$/,
  )
  expect(show('********').headers.authorization).toContain('Credential=********/')
})
