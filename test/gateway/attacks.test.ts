import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { connect, definitions, password, sendRaw } from './scene.ts'
import { elementWith } from './types-elements.ts'

const digest = elementWith(9790, {
  type: 'digest',
  name: 'Proving',
  username: '{user}',
  password: '{secret}',
} as { name: string })

const soap = elementWith(9791, {
  type: 'soap',
  name: 'Enveloped',
  element: 'credentials',
  fields: [{ name: 'password', value: '{secret}' }],
} as { name: string })

let world: World
let vendor: WebServer
let reply: Reply = {}

beforeAll(async () => {
  vendor = await startWebServer(() => reply)
  world = await startWorld({
    definitions: [...definitions, digest, soap],
    allow: ['127.0.0.1'],
    egress: { idleMs: 500 },
  })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

describe('the key that a call was signed with', () => {
  const key = `api_key=${password}`

  test.each([
    [
      'beside one of the caller',
      '/x?api_key=mine',
      () => `${vendor.url}/x?api_key=mine&${key}&p=2`,
    ],
    ['beside the same name without a value', '/x?api_key', () => `${vendor.url}/x?api_key&${key}`],
    ['under another spelling of the name', '/x', () => `${vendor.url}/x?api%5Fkey=${password}&p=2`],
    ['on the way to another host', '/x', () => `https://else.example.com/x?${key}&p=2`],
    [
      'on the way to another scheme',
      '/x',
      () => `${vendor.url.replace('http:', 'https:')}/x?${key}`,
    ],
    ['on the way to an app', '/x', () => `their-app://open?${key}`],
    ['in the fragment of a page', '/x', () => `https://else.example.com/x#${key}`],
  ])('is not told in links, %s', async (_, path, link) => {
    const { authorization } = await connect(world, vendor.url, 'asking')
    const told = link()
    reply = { status: 302, headers: { location: told, link: `<${told}>; rel="next"` } }
    const { status, headers } = await call(world, 'GET', `/proxy${path}`, { authorization })
    expect(status).toBe(302)
    expect(JSON.stringify(headers)).not.toContain(password)
    expect(headers.location).toBeDefined()
    expect(vendor.received.at(-1)!.path).toContain(password)
  })

  test('leaves a link to elsewhere as it is where it is not in it', async () => {
    const { authorization } = await connect(world, vendor.url, 'asking')
    const link = 'https://else.example.com/x?api_key=theirs&q=a+b%20c'
    reply = { status: 302, headers: { location: link } }
    const { headers } = await call(world, 'GET', '/proxy/x', { authorization })
    expect(headers.location).toBe(link)
  })
})

test('who stops in a body that has to be here whole is told so, and is not waited for', async () => {
  reply = {}
  const { authorization } = await connect(world, vendor.url, 'proving')
  const head = `POST /proxy/x HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ncontent-length: 9\r\nelements-retry: 1\r\n\r\nhalf`
  const { text } = await sendRaw(world, head)
  expect(text).toMatch(/^HTTP\/1\.1 408 /)
  expect(text).toMatch(/Elements-Error: request-late/i)
})

describe('a request that two servers could read in two ways never gets to the vendor', () => {
  const chunked = '5\r\nhello\r\n0\r\n\r\n'
  const smuggled = 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n'

  test.each([
    ['two lengths', 'content-length: 5\r\ncontent-length: 6\r\n', `hello${smuggled}`],
    ['a length and chunks', 'content-length: 5\r\ntransfer-encoding: chunked\r\n', chunked],
    ['chunks that are not the last coding', 'transfer-encoding: chunked, gzip\r\n', chunked],
    ['an unknown coding', 'transfer-encoding: xchunked\r\n', chunked],
    ['a length with a sign', 'content-length: +5\r\n', 'hello'],
    ['a space before the colon', 'content-length : 5\r\n', 'hello'],
    ['a folded header', 'x-a: b\r\n\tc: d\r\ncontent-length: 5\r\n', 'hello'],
    ['a bare line feed', 'x-a: b\nx-c: d\r\n', ''],
    ['a bare carriage return', 'x-a: b\rx-c: d\r\n', ''],
    ['a zero in a header', 'x-a: b\0c\r\n', ''],
    ['a chunk that ends early', 'transfer-encoding: chunked\r\n', '5\r\nhello0\r\n\r\n'],
    ['a chunk size with a sign', 'transfer-encoding: chunked\r\n', '+5\r\nhello\r\n0\r\n\r\n'],
  ])('%s', async (_, headers, body) => {
    reply = {}
    const { authorization } = await connect(world, vendor.url)
    vendor.received.splice(0)
    const head = `POST /proxy/x HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\n${headers}connection: close\r\n\r\n${body}`
    await sendRaw(world, head)
    const seen = vendor.received.map(({ path, headers: { 'x-c': c } }) => ({ path, c }))
    for (const one of seen) expect(one).toEqual({ path: '/x', c: undefined })
    expect(seen.length).toBeLessThan(2)
  })
})

describe('credentials do not go into an envelope', () => {
  const body = '<s:Body><Op/></s:Body>'
  const envelope = (inside: string) => `<s:Envelope xmlns:s="urn:s">${inside}</s:Envelope>`

  test.each([
    ['with a document type', `<!DOCTYPE x SYSTEM "https://else.example.com/x">${envelope(body)}`],
    ['with entities of its own', `<!DOCTYPE x [<!ENTITY e "e">]>${envelope(body)}`],
    ['that is followed by another', envelope(body) + envelope(body)],
    ['whose operation stands in a comment', envelope('<s:Body><!--<Op/>--></s:Body>')],
    ['whose operation stands in the header', envelope('<s:Header><Body><Op/></Body></s:Header>')],
    ['in UTF-16', Buffer.from(`\ufeff${envelope(body)}`, 'utf16le').toString('latin1')],
  ])('%s', async (_, sent) => {
    reply = {}
    const { authorization } = await connect(world, vendor.url, 'enveloped')
    vendor.received.splice(0)
    const head = `POST /proxy/x HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ncontent-length: ${Buffer.byteLength(sent, 'latin1')}\r\nconnection: close\r\n\r\n${sent}`
    const { text } = await sendRaw(world, head)
    expect(text).toMatch(/Elements-Error: request-unsignable/i)
    expect(vendor.received).toEqual([])
  })
})
