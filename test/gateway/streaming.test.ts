import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Listener, listen } from '../egress/listener.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { connect, definitions, sendRaw } from './scene.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

let world: World
let vendor: Listener
let handle: Handler
let authorization: string

beforeAll(async () => {
  vendor = await listen((request, response) => handle(request, response))
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
  authorization = (await connect(world, vendor.origin)).authorization
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

/** A call that is still under way. */
function begin(method: string, path: string, headers: Record<string, string | number> = {}) {
  const sent = httpRequest(world.url + path, { method, headers: { authorization, ...headers } })
  const answered = once(sent, 'response').then(([answer]) => answer as IncomingMessage)
  answered.catch(() => {})
  return { sent, answered }
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const head = (method: string, path: string, more = '') =>
  `${method} ${path} HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\n${more}`

describe('an answer', () => {
  test('arrives piece by piece, its head before its body', async () => {
    const { promise: goOn, resolve } = Promise.withResolvers<void>()
    handle = async (_, response) => {
      response.writeHead(200, { 'x-early': '1' }).flushHeaders()
      await goOn
      response.end('late')
    }
    const { sent, answered } = begin('GET', '/proxy/x')
    sent.end()
    const answer = await answered
    expect(answer.headers['x-early']).toBe('1')
    resolve()
    expect(String(await readAll(answer))).toBe('late')
  })

  test('comes no faster than the client takes it', async () => {
    let written = 0
    let asked: ServerResponse | undefined
    handle = (_, response) => {
      asked = response
      const chunk = Buffer.alloc(64 * 1024)
      const write = () => {
        while (written < 64 * 1024 * 1024) {
          written += chunk.length
          if (!response.write(chunk)) return void response.once('drain', write)
        }
        response.end()
      }
      write()
    }
    const { sent, answered } = begin('GET', '/proxy/x')
    sent.end()
    const answer = await answered
    let before = -1
    await until(async () => {
      const still = before === written
      before = written
      return still && asked!.writableNeedDrain
    })
    expect(written).toBeLessThan(32 * 1024 * 1024)
    expect(await readAll(answer)).toHaveLength(64 * 1024 * 1024)
  })

  test('keeps its trailers', async () => {
    handle = (_, response) => {
      response.writeHead(200, { trailer: 'x-sum, set-cookie' })
      response.write('body')
      response.addTrailers({ 'x-sum': '7', 'set-cookie': 'a=1', 'content-type': 'text/html' })
      response.end()
    }
    const { sent, answered } = begin('GET', '/proxy/x')
    sent.end()
    const answer = await answered
    await readAll(answer)
    expect(answer.trailers).toEqual({ 'x-sum': '7' })
  })

  test('to a client of HTTP/1.0 is whole without chunks', async () => {
    handle = (_, response) => {
      response.writeHead(200, { trailer: 'x-sum' })
      response.write('one ')
      response.addTrailers({ 'x-sum': '7' })
      response.end('two')
    }
    const { text } = await sendRaw(
      world,
      `GET /proxy/x HTTP/1.0\r\nauthorization: ${authorization}\r\n\r\n`,
    )
    expect(text).toMatch(/\r\n\r\none two$/)
  })

  test('may be a part of what there is', async () => {
    handle = ({ headers }, response) => {
      response.writeHead(206, { 'content-range': 'bytes 2-4/10', 'content-length': 3 })
      response.end(headers.range === 'bytes=2-4' ? 'cde' : '?')
    }
    const headers = { range: 'bytes=2-4' }
    const answer = await call(world, 'GET', '/proxy/x', { authorization, headers })
    expect(answer).toMatchObject({ status: 206, text: 'cde' })
    expect(answer.headers).toMatchObject({ 'content-range': 'bytes 2-4/10', 'content-length': '3' })
  })

  test.each([204, 304, 205])('with status %d has no body', async (status) => {
    handle = (_, response) => response.writeHead(status, { etag: '"1"' }).end()
    const answer = await call(world, 'GET', '/proxy/x', { authorization })
    expect(answer).toMatchObject({ status, text: '', headers: { etag: '"1"' } })
  })

  test('to HEAD is a head that tells of the body', async () => {
    handle = ({ method }, response) =>
      response.writeHead(200, { 'content-length': 1234, 'x-method': method! }).end()
    const { text } = await sendRaw(world, head('HEAD', '/proxy/x', 'connection: close\r\n\r\n'))
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(text).toMatch(/content-length: 1234/i)
    expect(text).toMatch(/x-method: HEAD/i)
    expect(text).toMatch(/\r\n\r\n$/)
  })

  test.each([0, 1, 16_384, 16_385, 65_536, 300_000])(
    'of %d bytes of any kind is the same',
    async (length) => {
      const bytes = Buffer.from(Array.from({ length }, (_, at) => (at * 7) % 256))
      handle = (_, response) => response.writeHead(200, { 'content-length': length }).end(bytes)
      const { sent, answered } = begin('GET', '/proxy/x')
      sent.end()
      expect(bytes.equals(await readAll(await answered))).toBe(true)
    },
  )
})

describe('a body', () => {
  test('reaches the vendor before it is whole', async () => {
    const got: string[] = []
    handle = (request, response) => {
      request.setEncoding('utf8').on('data', (text) => got.push(text))
      request.on('end', () => response.end('done'))
    }
    const { sent, answered } = begin('POST', '/proxy/x')
    sent.write('one')
    await until(async () => got.join('') === 'one')
    sent.end('two')
    expect(String(await readAll(await answered))).toBe('done')
    expect(got.join('')).toBe('onetwo')
  })

  test('goes no faster than the vendor takes it', async () => {
    const { promise: goOn, resolve } = Promise.withResolvers<void>()
    handle = async (request, response) => {
      await goOn
      let length = 0
      for await (const chunk of request) length += chunk.length
      response.end(String(length))
    }
    const total = 64 * 1024 * 1024
    const { sent, answered } = begin('POST', '/proxy/x', { 'content-length': total })
    let written = 0
    const chunk = Buffer.alloc(64 * 1024)
    const write = () => {
      while (written < total) {
        written += chunk.length
        if (!sent.write(chunk)) return void sent.once('drain', write)
      }
      sent.end()
    }
    write()
    let before = -1
    await until(async () => {
      const still = before === written
      before = written
      return still && sent.writableNeedDrain
    })
    expect(written).toBeLessThan(32 * 1024 * 1024)
    resolve()
    expect(String(await readAll(await answered))).toBe(String(total))
  })

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'GET', 'OPTIONS'])(
    'of %s has the length that it was given, or chunks',
    async (method) => {
      handle = async (request, response) => {
        const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
        const body = await readAll(request)
        response.end(
          JSON.stringify({ method: request.method, length, encoding, body: body.toString() }),
        )
      }
      const known = begin(method, '/proxy/x', { 'content-length': 4 })
      known.sent.end('text')
      expect(JSON.parse(String(await readAll(await known.answered)))).toEqual({
        method,
        length: '4',
        body: 'text',
      })
      const unknown = begin(method, '/proxy/x', { 'transfer-encoding': 'chunked' })
      unknown.sent.end('text')
      expect(JSON.parse(String(await readAll(await unknown.answered)))).toEqual({
        method,
        encoding: 'chunked',
        body: 'text',
      })
    },
  )

  test('of several parts is the same at the vendor', async () => {
    handle = async (request, response) => {
      const form = await new Response((await readAll(request)) as never, {
        headers: { 'content-type': request.headers['content-type']! },
      }).formData()
      response.end(`${form.get('name')} ${(form.get('file') as File).size}`)
    }
    const form = new FormData()
    form.set('name', 'Ada')
    form.set('file', new Blob([Buffer.alloc(100_000)]), 'a.bin')
    const answer = await fetch(`${world.url}/proxy/x`, {
      method: 'POST',
      headers: { authorization },
      body: form,
    })
    expect(await answer.text()).toBe('Ada 100000')
  })

  test('larger than what other routes take goes on, and needs no type that we know', async () => {
    handle = async (request, response) => response.end(String((await readAll(request)).length))
    const { sent, answered } = begin('POST', '/proxy/x', { 'content-type': 'application/json' })
    sent.end(Buffer.alloc(3 * 1024 * 1024))
    expect(String(await readAll(await answered))).toBe(String(3 * 1024 * 1024))
  })

  test('keeps its trailers, as far as headers of that name go on', async () => {
    handle = async (request, response) => {
      const body = String(await readAll(request))
      const { trailers, headers } = request
      response.end(JSON.stringify({ body, trailers, named: headers.trailer, host: headers.host }))
    }
    const headers = { trailer: 'X-Sum, Cookie', 'transfer-encoding': 'chunked' }
    const { sent, answered } = begin('POST', '/proxy/x', headers)
    sent.write('one')
    sent.addTrailers({ 'x-sum': '7', cookie: 'a=1', 'x-unannounced': '1' })
    sent.end('two')
    expect(JSON.parse(String(await readAll(await answered)))).toEqual({
      body: 'onetwo',
      trailers: { 'x-sum': '7' },
      named: 'x-sum',
      host: new URL(vendor.origin).host,
    })
  })

  test('is asked for only when the call may begin', async () => {
    handle = async (request, response) => response.end(String(await readAll(request)))
    const expecting = 'expect: 100-continue\r\ncontent-length: 4\r\nconnection: close\r\n\r\n'
    const { text } = await sendRaw(
      world,
      head('POST', '/proxy/x', expecting),
      async (socket, so) => {
        await until(async () => so().startsWith('HTTP/1.1 100 Continue'))
        socket.write('text')
      },
    )
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [\s\S]*text$/)
    const refused = await sendRaw(world, `POST /proxy/x HTTP/1.1\r\nhost: a\r\n${expecting}`)
    expect(refused.text).toMatch(/^HTTP\/1\.1 401 /)
    expect(refused.text).not.toContain('100 Continue')
    const elsewhere = await sendRaw(world, `POST /instances HTTP/1.1\r\nhost: a\r\n${expecting}`)
    expect(elsewhere.text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 401 /)
  })

  test('that the vendor does not want to the end does not keep its answer away', async () => {
    handle = (_, response) => response.writeHead(413, { connection: 'close' }).end('too much')
    const { text } = await sendRaw(
      world,
      head('POST', '/proxy/x', 'content-length: 1000000\r\n\r\n'),
      (socket) => {
        socket.write(Buffer.alloc(200_000))
      },
    )
    expect(text).toMatch(/^HTTP\/1\.1 413 [\s\S]*too much/)
  })
})

describe('every method that servers know', () => {
  test.each(['HEAD', 'OPTIONS', 'PATCH', 'PROPFIND', 'MKCOL', 'REPORT', 'LOCK', 'SEARCH'])(
    '%s reaches the vendor',
    async (method) => {
      handle = (request, response) => response.writeHead(200, { 'x-method': request.method! }).end()
      for (const path of ['/proxy/x', '/hubs/crm/x', '/proxy']) {
        const { text } = await sendRaw(world, head(method, path, 'connection: close\r\n\r\n'))
        expect(text).toMatch(new RegExp(`x-method: ${method}\r\n`, 'i'))
      }
    },
  )

  test.each(['CONNECT', 'TRACE', 'OWN'])('%s does not', async (method) => {
    let reached = false
    handle = (_, response) => {
      reached = true
      response.end()
    }
    const { text } = await sendRaw(world, head(method, '/proxy/x', 'connection: close\r\n\r\n'))
    expect(text).not.toMatch(/^HTTP\/1\.1 2/)
    expect(reached).toBe(false)
  })

  test('but what a browser asks beforehand is answered here', async () => {
    handle = (_, response) => response.writeHead(299).end()
    const asking = 'origin: https://app.example.com\r\naccess-control-request-method: PATCH\r\n'
    const { text } = await sendRaw(
      world,
      `OPTIONS /proxy/x HTTP/1.1\r\nhost: a\r\n${asking}connection: close\r\n\r\n`,
    )
    expect(text).toMatch(/^HTTP\/1\.1 204 /)
  })

  test('a ping is not a call', async () => {
    handle = (_, response) => response.writeHead(299).end('vendor')
    expect(await call(world, 'GET', '/hubs/crm/ping', { authorization })).toMatchObject({
      status: 200,
    })
    expect(await call(world, 'GET', '/hubs/crm/ping/x', { authorization })).toMatchObject({
      status: 299,
    })
    expect(await call(world, 'GET', '/proxy/ping', { authorization })).toMatchObject({
      status: 299,
    })
  })
})
