import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { basic, connect, definitions, sendRaw } from './scene.ts'

const app = 'https://app.example.com'
let world: World
let vendor: WebServer
let reply: Reply = {}
let open: string
let stating: string

beforeAll(async () => {
  vendor = await startWebServer(() => reply)
  const env = { LATCHKEY_CORS_ORIGINS: app }
  world = await startWorld({ definitions, allow: ['127.0.0.1'], env })
  open = (await connect(world, vendor.url)).authorization
  stating = (await connect(world, vendor.url, 'stating')).authorization
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

async function received(headers: Record<string, string>, authorization = open) {
  reply = {}
  vendor.received.splice(0)
  expect(await call(world, 'GET', '/proxy/x', { authorization, headers })).toMatchObject({
    status: 200,
  })
  return vendor.received[0]!.headers
}

async function answered(given: Reply, headers: Record<string, string> = {}) {
  reply = given
  return call(world, 'GET', '/proxy/x', { authorization: open, headers })
}

describe('headers of a call', () => {
  const handedOn = {
    accept: 'text/csv',
    'accept-encoding': 'gzip, br',
    'accept-language': 'fr',
    'content-type': 'application/x-own',
    'content-md5': 'abc',
    range: 'bytes=0-9',
    'if-none-match': '"1"',
    'if-modified-since': 'Sun, 22 Nov 2026 10:00:00 GMT',
    'idempotency-key': 'k-1',
    'notion-version': '2022-06-28',
    'stripe-account': 'acct_1',
    'xero-tenant-id': 't-1',
    'odata-maxversion': '4.0',
    soapaction: '"urn:x"',
    'x-requested-with': 'us',
    'x-api-version': '7',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'user-agent': 'Acme/1 (dev@acme.example)',
    prefer: 'return=minimal',
  }
  test.each(Object.entries(handedOn))('%s goes on to the vendor', async (name, value) => {
    expect((await received({ [name]: value }))[name]).toBe(value)
  })

  const kept = {
    cookie: 'session=1',
    forwarded: 'for=1.2.3.4',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-host': 'evil.example.com',
    'x-real-ip': '1.2.3.4',
    'x-original-url': '/admin',
    'x-envoy-original-path': '/admin',
    'proxy-authorization': 'Basic abc',
    'elements-retry': '1',
    'elements-version': '1',
    origin: 'https://elsewhere.example.com',
    referer: 'https://elsewhere.example.com/x',
    via: '1.1 us',
    'sec-fetch-mode': 'cors',
    'api-key': 'mine',
    'unknown-thing': '1',
  }
  test.each(Object.entries(kept))('%s stays here', async (name, value) => {
    expect(await received({ [name]: value })).not.toHaveProperty(name)
  })

  test('the credentials are those of the instance alone', async () => {
    const { authorization, host } = await received({})
    expect(authorization).toBe(basic)
    expect(host).toBe(new URL(vendor.url).host)
  })

  test('what the Connection header names was meant for us', async () => {
    vendor.received.splice(0)
    reply = {}
    await sendRaw(
      world,
      `GET /proxy/x HTTP/1.1\r\nhost: a\r\nauthorization: ${open}\r\nx-one: 1\r\nx-two: 2\r\nconnection: close, X-One\r\n\r\n`,
    )
    expect(vendor.received[0]!.headers).toMatchObject({ 'x-two': '2' })
    expect(vendor.received[0]!.headers).not.toHaveProperty('x-one')
  })

  test('of what is preferred, an answer that comes later is our matter', async () => {
    const { prefer } = await received({ prefer: 'return=minimal, handling=lenient' })
    expect(prefer).toBe('return=minimal, handling=lenient')
  })

  test('repeats are joined', async () => {
    vendor.received.splice(0)
    await sendRaw(
      world,
      `GET /proxy/x HTTP/1.1\r\nhost: a\r\nauthorization: ${open}\r\nx-one: 1\r\nx-one: 2\r\nconnection: close\r\n\r\n`,
    )
    expect(vendor.received[0]!.headers['x-one']).toBe('1, 2')
  })

  test('the element states what the caller does not say', async () => {
    const accept = 'application/vnd.stating+json'
    expect(await received({}, stating)).toMatchObject({ accept, 'user-agent': 'Latchkey' })
    expect(await received({ accept: '*/*' }, stating)).toMatchObject({ accept })
    expect(await received({ accept: 'text/csv' }, stating)).toMatchObject({ accept: 'text/csv' })
  })

  test('a header that says whose instance it is cannot say something else', async () => {
    const headers = await received({ 'stating-user': 'somebody-else' }, stating)
    expect(headers['stating-user']).toBe('someone')
  })

  test('a header that the definition names goes on, for this element', async () => {
    const given = { 'my-own-thing': '1' }
    expect(await received(given, stating)).toMatchObject(given)
    expect(await received(given)).not.toHaveProperty('my-own-thing')
  })
})

describe('headers of an answer', () => {
  test('come as the vendor sent them', async () => {
    const headers = {
      etag: 'W/"7"',
      'retry-after': '7',
      'x-ratelimit-remaining': '3',
      'cache-control': 'private',
      'content-type': 'text/x-own; charset=latin1',
      'content-encoding': 'x-own',
      'x-names': 'caf\u00e9',
      date: 'Sun, 22 Nov 2026 10:00:00 GMT',
    }
    const answer = await answered({ status: 299, headers, body: 'text' })
    expect(answer.status).toBe(299)
    expect(answer.headers).toMatchObject(headers)
  })

  test('repeats stay apart, in order', async () => {
    const { headers } = await answered({ headers: { 'x-many': ['a', 'b', 'c'] } })
    expect(headers['x-many']).toEqual(['a', 'b', 'c'])
  })

  test.each([
    ['set-cookie', ['a=1', 'b=2; HttpOnly']],
    ['strict-transport-security', 'max-age=1'],
    ['alt-svc', 'h3=":443"'],
    ['clear-site-data', '"*"'],
    ['service-worker-allowed', '/'],
    ['access-control-allow-origin', '*'],
    ['access-control-allow-credentials', 'true'],
    ['report-to', '{}'],
    ['elements-error', 'limit-wait-over'],
    ['Elements-Anything', 'x'],
    ['proxy-authenticate', 'Basic'],
    ['keep-alive', 'timeout=77'],
  ])('%s of the vendor stays here', async (name, value) => {
    const { headers } = await answered({ headers: { [name]: value } })
    expect(String(headers[name.toLowerCase()] ?? '')).not.toContain(String([value].flat()[0]))
  })

  test('what its Connection header names stays here', async () => {
    const { headers } = await answered({ headers: { connection: 'close, x-hop', 'x-hop': '1' } })
    expect(headers).not.toHaveProperty('x-hop')
  })

  test('nothing of it is taken for a page of ours', async () => {
    const given = { 'content-type': 'text/html', 'content-security-policy': 'default-src *' }
    const { headers } = await answered({ headers: given, body: '<script>alert(1)</script>' })
    expect(headers).toMatchObject({
      'content-security-policy': 'sandbox',
      'x-content-type-options': 'nosniff',
      'content-type': 'text/html',
    })
    expect(String(headers.vary)).toContain('Authorization')
  })

  test('an error of the vendor is told from one of ours', async () => {
    const theirs = await answered({ status: 401, body: { message: 'no' } })
    expect(theirs).toMatchObject({ status: 401, body: { message: 'no' } })
    expect(theirs.headers).not.toHaveProperty('elements-error')
    expect(theirs.headers['elements-request-id']).toMatch(/^[0-9a-f]{24}$/)
    const ours = await call(world, 'GET', '/proxy/x')
    expect(ours).toMatchObject({ status: 401, body: { code: 'access-missing' } })
    expect(ours.headers['elements-error']).toBe('access-missing')
  })

  test('pages of allowed origins may read them, and no other', async () => {
    const { headers } = await answered({}, { origin: app })
    expect(headers).toMatchObject({
      'access-control-allow-origin': app,
      'access-control-expose-headers': '*',
    })
    const other = await answered({}, { origin: 'https://elsewhere.example.com' })
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  })
})

describe('links', () => {
  const page = (path: string) => `<${path}>; rel="next"`
  let beneath: string
  let asking: string
  beforeAll(async () => {
    beneath = (await connect(world, vendor.url, 'beneath')).authorization
    asking = (await connect(world, vendor.url, 'asking')).authorization
  })

  async function linked(value: string, authorization = beneath, path = '/proxy/a/b?c=d') {
    reply = {
      status: 302,
      headers: { location: value, link: `${page(value)}, ${page('https://else.example.com/x,y')}` },
    }
    const { status, headers } = await call(world, 'GET', path, { authorization })
    expect(status).toBe(302)
    const [first, second] = String(headers.link).split(/(?<=next"), /)
    expect(second).toBe(page('https://else.example.com/x,y'))
    expect(first).toBe(page(String(headers.location)))
    return headers.location
  }

  test('below the base URL lead through the gateway again', async () => {
    const at = `${vendor.url}/api/v1`
    expect(await linked(`${at}/things?page=2#x`)).toBe('/proxy/things?page=2#x')
    expect(await linked('/api/v1/things')).toBe('/proxy/things')
    expect(await linked('c?d=e')).toBe('/proxy/a/c?d=e')
    expect(await linked('?d=e')).toBe('/proxy/a/b?d=e')
    expect(await linked(at)).toBe('/proxy')
    expect(await linked('/api/v1/x', beneath, '/hubs/crm/a')).toBe('/hubs/crm/x')
    expect(await linked('/api/v1/x', beneath, '/elements/api-v2/proxy/a')).toBe(
      '/elements/api-v2/proxy/x',
    )
  })

  test('elsewhere stay as they are, and never mean a place of ours', async () => {
    expect(await linked('https://else.example.com/api/v1/x')).toBe(
      'https://else.example.com/api/v1/x',
    )
    expect(await linked(`${vendor.url}/api/v10/x`)).toBe(`${vendor.url}/api/v10/x`)
    expect(await linked('/login')).toBe(`${vendor.url}/login`)
    expect(await linked('../../../x')).toBe(`${vendor.url}/x`)
    expect(await linked('//else.example.com/x')).toBe('//else.example.com/x')
    expect(await linked('mailto:a@example.com')).toBe('mailto:a@example.com')
  })

  test('do not tell the key that the call was signed with', async () => {
    const link = await linked(`${vendor.url}/x?api_key=an-unguessable-password-71c2&page=2`, asking)
    expect(link).toBe('/proxy/x?page=2')
    expect(vendor.received.at(-1)!.path).toContain('api_key=an-unguessable')
  })

  test('can be called as they came', async () => {
    const location = await linked('/api/v1/things?page=2')
    vendor.received.splice(0)
    reply = { body: 'page 2' }
    expect(await call(world, 'GET', String(location), { authorization: beneath })).toMatchObject({
      text: 'page 2',
    })
    expect(vendor.received[0]!.path).toBe('/api/v1/things?page=2')
  })

  test('a redirect is followed by nobody here', async () => {
    vendor.received.splice(0)
    await linked('https://else.example.com/')
    await linked(`${vendor.url}/api/v1/next`)
    expect(vendor.received).toHaveLength(2)
  })
})
