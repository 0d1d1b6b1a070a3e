import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { connect, definitions, sendRaw } from './scene.ts'

let world: World
let vendor: WebServer
let other: WebServer
let open: string
let beneath: string

beforeAll(async () => {
  vendor = await startWebServer(() => ({ body: 'here' }))
  other = await startWebServer(() => ({ body: 'elsewhere' }))
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
  open = (await connect(world, vendor.url)).authorization
  beneath = (await connect(world, vendor.url, 'beneath')).authorization
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

/** The status of the answer to a request line that no client would tidy up. */
async function ask(
  target: string,
  authorization: string,
): Promise<{ status: number; text: string }> {
  vendor.received.splice(0)
  const head = `GET ${target} HTTP/1.1\r\nhost: gateway\r\nauthorization: ${authorization}\r\nconnection: close\r\n\r\n`
  const { text } = await sendRaw(world, head)
  return { status: Number(text.slice(9, 12)), text }
}

describe('what stands behind /proxy reaches the vendor byte for byte', () => {
  test.each([
    ['/proxy', '/'],
    ['/proxy/', '/'],
    ['/proxy?a=b', '/?a=b'],
    ['/proxy/things', '/things'],
    ['/proxy/things/', '/things/'],
    ['/proxy/a//b', '/a//b'],
    ['/proxy/a%20b/%C3%A9/%e2%82%ac', '/a%20b/%C3%A9/%e2%82%ac'],
    ['/proxy/group%2Fproject/files', '/group%2Fproject/files'],
    [
      "/proxy/People('x')/$value?$filter=name%20eq%20'a'&$top=1",
      "/People('x')/$value?$filter=name%20eq%20'a'&$top=1",
    ],
    ['/proxy/a.b/.well-known/..c/d..', '/a.b/.well-known/..c/d..'],
    ['/proxy/x?next=../../etc&url=http://127.0.0.1/@', '/x?next=../../etc&url=http://127.0.0.1/@'],
    ['/proxy/x?', '/x?'],
    ['/proxy/x?q=%zz&r=a+b&q', '/x?q=%zz&r=a+b&q'],
    ['/proxy/@me/a;v=1;w=2:3', '/@me/a;v=1;w=2:3'],
    ['/hubs/crm/things?a=1', '/things?a=1'],
    ['/hubs/any-hub/a/b', '/a/b'],
    ['/elements/api-v2/proxy/things', '/things'],
    ['/elements/api-v2/hubs/crm/things', '/things'],
    [`/proxy/${'long/'.repeat(400)}`, `/${'long/'.repeat(400)}`],
  ])('%s', async (target, path) => {
    expect(await ask(target, open)).toMatchObject({ status: 200 })
    expect(vendor.received.map((one) => one.path)).toEqual([path])
  })

  test.each([
    ['/proxy', '/api/v1'],
    ['/proxy/', '/api/v1/'],
    ['/proxy?a=b', '/api/v1?a=b'],
    ['/proxy/things?a=b', '/api/v1/things?a=b'],
  ])('%s, below the base URL', async (target, path) => {
    expect(await ask(target, beneath)).toMatchObject({ status: 200 })
    expect(vendor.received.map((one) => one.path)).toEqual([path])
  })
})

describe('no path leads out of the base URL', () => {
  const dots = [
    '..',
    '.',
    '%2e%2e',
    '%2E.',
    '.%2e',
    '%2e',
    '%252e%252e',
    '%25252e.',
    '..;a=b',
    '%2e%2e;x',
    '..%23x',
    '%2e%2e%3fx',
    '..%00',
    '%09..',
    '%0a.%0d.',
    '%c0%ae%c0%ae',
    '%u002e.',
  ]
  const around = dots.flatMap((dot) => [
    `/proxy/${dot}`,
    `/proxy/${dot}/admin`,
    `/proxy/a/${dot}/b`,
    `/proxy/a%2f${dot}%2fb`,
    `/proxy/a%252f${dot}%252fb`,
    `/hubs/crm/${dot}/admin`,
    `/elements/api-v2/proxy/${dot}/admin`,
  ])
  const others = [
    '/proxy//evil.example.com/x',
    '/proxy/%2fevil.example.com',
    '/proxy/%2f%2fevil.example.com',
    '/proxy/%5cevil.example.com',
    '/proxy/\\evil.example.com',
    '/proxy/a\\..\\b',
    '/proxy/a/..%5c..%5cb',
    '/proxy/a%5c..%5cb',
    '/proxy/a%c1%9cb',
    '/hubs//things',
    '/hubs/crm//evil.example.com',
    '/proxy/x#fragment',
    '/proxy/caf\u00e9',
    '/proxy/%zz',
    'http://evil.example.com/proxy/x',
    '/proxyx/things',
    '/%70roxy/things',
    '/proxy%2fthings',
  ]
  test.each([...around, ...others])('%s', async (target) => {
    const { status, text } = await ask(target, beneath)
    expect(text).toMatch(/Elements-Error: /i)
    expect([400, 404]).toContain(status)
    expect(vendor.received).toEqual([])
  })

  test.each([
    '/proxy/http://HOST/x',
    '/proxy/https:%2f%2fHOST/x',
    '/proxy/@HOST/x',
    '/proxy/:80@HOST/',
  ])('%s stays at the vendor', async (pattern) => {
    const target = pattern.replace('HOST', new URL(other.url).host)
    await ask(target, beneath)
    expect(vendor.received.map((one) => one.path)).toEqual([target.replace('/proxy', '/api/v1')])
    expect(other.received).toEqual([])
  })

  test('whatever the host in the request says', async () => {
    vendor.received.splice(0)
    const { host } = new URL(other.url)
    await sendRaw(
      world,
      `GET /proxy/x HTTP/1.1\r\nhost: ${host}\r\nx-forwarded-host: ${host}\r\nforwarded: host=${host}\r\nauthorization: ${open}\r\nconnection: close\r\n\r\n`,
    )
    expect(vendor.received[0]!.headers.host).toBe(new URL(vendor.url).host)
    expect(other.received).toEqual([])
  })
})
