import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { get, start } from './client.ts'

const clientId = '0f4c3c5e-2a1b-4d1f-9a57-6f0c9f0d1e22'
const good = 'company_f+sandbox-public:sandbox-private'
const limited = 'company_f+sandbox-limited:sandbox-limited'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await start()
})
afterAll(() => sandbox.stop())

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`

async function call(path: string, headers: Record<string, string>) {
  const answer = await get(sandbox.url + path, headers)
  return { status: answer.status, headers: answer.headers, body: JSON.parse(answer.text) }
}

const info = '/v4_6_release/apis/3.0/system/info'

test.each([
  ['no credentials', {}],
  ['another scheme', { authorization: 'Bearer abc' }],
  ['no company', { authorization: basic('sandbox-public:sandbox-private') }],
  ['no private key', { authorization: basic('company_f+sandbox-public') }],
  ['a wrong private key', { authorization: basic('company_f+sandbox-public:wrong') }],
  ['a wrong public key', { authorization: basic('company_f+wrong:sandbox-private') }],
  ['swapped keys', { authorization: basic('company_f+sandbox-private:sandbox-public') }],
])('%s is refused with 401', async (_, headers) => {
  const { status, body } = await call(info, { clientId, ...headers })
  expect(status).toBe(401)
  expect(body).toEqual({ code: 'Unauthorized', message: expect.any(String), errors: null })
})

test.each<Record<string, string>>([{}, { clientId: '' }, { clientId: 'not-a-guid' }])(
  'good keys with the client id %j are refused with 401',
  async (headers) => {
    const answer = await call(info, { authorization: basic(good), ...headers })
    expect(answer).toMatchObject({ status: 401, body: { code: 'Unauthorized' } })
    expect(answer.body.message).toMatch(/clientId/)
  },
)

test('keys without rights are known, and refused with 403', async () => {
  const { status, body } = await call(info, { clientId, authorization: basic(limited) })
  expect(status).toBe(403)
  expect(body).toEqual({
    code: 'Security',
    message: 'You do not have security permission to perform this action.',
    errors: null,
  })
})

test('another path is not found, for those who are known only', async () => {
  const path = '/v4_6_release/apis/3.0/system/nope'
  const known = await call(path, { clientId, authorization: basic(good) })
  expect(known).toMatchObject({ status: 404, body: { code: 'NotFound', errors: null } })
  expect((await call(path, { clientId })).status).toBe(401)
})

test('another company or codebase cannot be routed', async () => {
  const company = await get(sandbox.url + info, {
    clientId,
    authorization: basic('company_g+sandbox-public:sandbox-private'),
  })
  const codebase = await get(`${sandbox.url}/v1/apis/3.0/system/info`, {
    clientId,
    authorization: basic(good),
  })
  for (const answer of [company, codebase]) {
    expect(answer).toMatchObject({
      status: 400,
      text: 'Cannot route. Codebase/company is invalid',
    })
  }
})

test('system information can only be read', async () => {
  const answer = await fetch(sandbox.url + info, {
    method: 'POST',
    headers: { clientId, authorization: basic(good) },
  })
  expect(answer.status).toBe(405)
})

test.each([info, '/v2015_3/apis/3.0/system/info', `${info}?fields=version`])(
  'good keys read system information at %s',
  async (path) => {
    const { status, body, headers } = await call(path, { clientId, authorization: basic(good) })
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    expect(Object.keys(body)).toEqual([
      'version',
      'isCloud',
      'serverTimeZone',
      'licenseBits',
      'cloudRegion',
    ])
  },
)

test('the company says which codebase to use, and that codebase works', async () => {
  const { body } = await call('/login/companyinfo/company_f', {})
  expect(body).toEqual({
    CompanyName: expect.any(String),
    Codebase: 'v2015_3/',
    VersionCode: 'v2015.3',
    VersionNumber: expect.any(String),
    CompanyID: 'company_f',
    IsCloud: 'True',
  })
  const path = `/${body.Codebase}apis/3.0/system/info`
  expect((await call(path, { clientId, authorization: basic(good) })).status).toBe(200)
})

test.each(['company_g', '', '%ZZ'])('the unknown company "%s" is null', async (name) => {
  expect(await call(`/login/companyinfo/${name}`, {})).toMatchObject({ status: 200, body: null })
})
