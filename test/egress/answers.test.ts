import { createHash } from 'node:crypto'
import zlib from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { answerRaw, failureOf, get, listen, listenTcp, openEgress } from './listener.ts'

const encoders = {
  gzip: zlib.gzipSync,
  'x-gzip': zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
}

function vendorOf(encoding: string, body: Buffer) {
  return listen((_request, response) => {
    response.setHeader('content-encoding', encoding)
    response.end(body)
  })
}

describe('an answer that is too large', () => {
  test.each(Object.entries(encoders))(
    'is stopped though %s made it small',
    async (name, encode) => {
      const bomb = encode(Buffer.alloc(16 * 1024 * 1024))
      expect(bomb.length).toBeLessThan(128 * 1024)
      await using server = await vendorOf(name, bomb)
      await using egress = openEgress()
      const failure = await failureOf(get(egress, server.origin))
      expect(failure.kind).toBe('too-large')
      expect(failure.message).toContain('more than 1024 KiB')
    },
  )

  test('is stopped though it was made small twice', async () => {
    const once = zlib.gzipSync(Buffer.alloc(32 * 1024 * 1024))
    await using server = await vendorOf('gzip, gzip', zlib.gzipSync(once))
    await using egress = openEgress()
    expect((await failureOf(get(egress, server.origin))).kind).toBe('too-large')
  })

  test('is stopped while it comes, and its connection closed', async () => {
    let closed = () => {}
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    await using server = await listen((_request, response) => {
      response.on('close', closed)
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16 * 1024)));
      }
      response.on('drain', pour)
      pour()
    })
    await using egress = openEgress()
    const failure = await failureOf(get(egress, server.origin, { maxBytes: 100_000 }))
    expect(failure.kind).toBe('too-large')
    await gone
  })

  test('is stopped where compressed bytes decode to nothing', async () => {
    await using server = await listen((_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      const empty = Buffer.concat(Array(4000).fill(zlib.gzipSync('')))
      response.end(empty)
    })
    await using egress = openEgress()
    expect((await failureOf(get(egress, server.origin, { maxBytes: 1000 }))).kind).toBe('too-large')
  })

  test('differs by one byte from one that is not', async () => {
    await using server = await listen((_request, response) => response.end(Buffer.alloc(1000)))
    await using egress = openEgress()
    expect((await failureOf(get(egress, server.origin, { maxBytes: 999 }))).kind).toBe('too-large')
    expect((await get(egress, server.origin, { maxBytes: 1000 })).body.length).toBe(1000)
  })
})

describe("an answer that can't be read", () => {
  test.each(['rot13', 'gzip, rot13', 'gzip, gzip, gzip, gzip', 'constructor', 'aws-chunked'])(
    'is malformed where its encoding is %s',
    async (encoding) => {
      await using server = await vendorOf(encoding, Buffer.from('hello'))
      await using egress = openEgress()
      expect((await failureOf(get(egress, server.origin))).kind).toBe('malformed')
    },
  )

  test.each(Object.entries(encoders))('is malformed where its %s is not', async (name, encode) => {
    await using egress = openEgress()
    await using garbage = await vendorOf(name, Buffer.from('this is not compressed at all'))
    expect((await failureOf(get(egress, garbage.origin))).kind).toBe('malformed')
    const noise = createHash('sha512').update('noise').digest()
    await using cut = await vendorOf(name, encode(noise).subarray(0, -20))
    expect((await failureOf(get(egress, cut.origin))).kind).toBe('malformed')
  })

  test.each([
    ['a status line of its own making', 'HELLO\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['a status that is no number', 'HTTP/1.1 OK 200\r\n\r\n'],
    ['HTTP/2', Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100])],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n'],
    ['a length below nothing', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a chunk of no size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n'],
    ['100 Continue, unasked', 'HTTP/1.1 100 Continue\r\n\r\n'],
    [
      'an upgrade, unasked',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    ],
    ['huge headers', `HTTP/1.1 200 OK\r\n${'x-filler: 0123456789\r\n'.repeat(4000)}\r\n`],
    ['one huge header', `HTTP/1.1 200 OK\r\nx-filler: ${'0'.repeat(40_000)}\r\n\r\n`],
  ])('is malformed where it is %s', async (_what, bytes) => {
    await using server = await answerRaw(bytes)
    await using egress = openEgress()
    expect((await failureOf(get(egress, server.origin))).kind).toBe('malformed')
  })
})

describe('an answer that breaks off', () => {
  test.each([
    ['before its first byte', ''],
    ['in its status line', 'HTTP/1.1 2'],
    ['in its headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
    ['in a body of known length', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'],
    [
      'in a last body of known length',
      'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\nabc',
    ],
    ['in a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\nabc'],
    [
      'between chunks',
      'HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n',
    ],
  ])('%s is a reset', async (_where, bytes) => {
    await using egress = openEgress()
    await using ended = await answerRaw(bytes, (socket) => socket.end())
    expect((await failureOf(get(egress, ended.origin))).kind).toBe('reset')
    await using reset = await answerRaw(bytes, (socket) =>
      setTimeout(() => socket.resetAndDestroy(), 20),
    )
    expect((await failureOf(get(egress, reset.origin))).kind).toBe('reset')
  })
})

describe('an answer that takes too long', () => {
  test.each([
    ['says nothing', ''],
    ['stops in its headers', 'HTTP/1.1 200 OK\r\nx-a: '],
    ['stops in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'],
  ])('is late where it %s', async (_where, bytes) => {
    await using server = await answerRaw(bytes)
    await using egress = openEgress()
    const failure = await failureOf(get(egress, server.origin, { deadlineMs: 200 }))
    expect(failure.kind).toBe('late')
    expect(failure.message).toMatch(/^127\.0\.0\.1 did not answer in full within 200 milliseconds/)
  })

  test.each([
    ['headers', 'HTTP/1.1 200 OK\r\nx-drip: ', 'a'],
    ['its body', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\na\r\n'],
    ['news of its progress', '', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('is late though it drips %s', async (_what, start, drop) => {
    let drops = 0
    await using server = await listenTcp((socket) => {
      socket.write(start)
      const drip = setInterval(() => {
        drops++
        socket.write(drop)
      }, 10)
      socket.on('close', () => clearInterval(drip))
    })
    await using egress = openEgress()
    const failure = await failureOf(get(egress, server.origin, { deadlineMs: 300 }))
    expect(failure.kind).toBe('late')
    expect(drops).toBeGreaterThan(3)
  })
})

describe('an answer', () => {
  test.each(Object.entries(encoders))('in %s is decoded', async (name, encode) => {
    await using server = await vendorOf(name, encode('the answer'))
    await using egress = openEgress()
    const answer = await get(egress, server.origin)
    expect(String(answer.body)).toBe('the answer')
    expect(answer.headers['content-encoding']).toBe(name)
  })

  test('in bare deflate, in several layers or in none is decoded', async () => {
    await using egress = openEgress()
    await using bare = await vendorOf('deflate', zlib.deflateRawSync('bare'))
    expect(String((await get(egress, bare.origin)).body)).toBe('bare')
    await using layers = await vendorOf(
      'GZip, identity, br',
      zlib.brotliCompressSync(zlib.gzipSync('layers')),
    )
    expect(String((await get(egress, layers.origin)).body)).toBe('layers')
    await using none = await vendorOf('identity', Buffer.from('none'))
    expect(String((await get(egress, none.origin)).body)).toBe('none')
    await using empty = await vendorOf('gzip', Buffer.alloc(0))
    expect(String((await get(egress, empty.origin)).body)).toBe('')
  })

  test('keeps its status, its headers and every byte of its body', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    await using server = await listen((_request, response) => {
      response.writeHead(418, { 'X-One': 'a', 'Set-Cookie': ['b=1', 'c=2'] })
      response.end(bytes)
    })
    await using egress = openEgress()
    const answer = await get(egress, server.origin)
    expect(answer.status).toBe(418)
    expect(answer.headers).toMatchObject({ 'x-one': 'a', 'set-cookie': ['b=1', 'c=2'] })
    expect(answer.body.equals(bytes)).toBe(true)
  })

  test('may come after news of its progress', async () => {
    await using server = await answerRaw(
      'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    )
    await using egress = openEgress()
    const answer = await get(egress, server.origin)
    expect([answer.status, String(answer.body), answer.headers.link]).toEqual([
      200,
      'ok',
      undefined,
    ])
  })

  test('without a length ends with its connection', async () => {
    await using server = await answerRaw('HTTP/1.0 200 OK\r\n\r\nthe end', (socket) => socket.end())
    await using egress = openEgress()
    expect(String((await get(egress, server.origin)).body)).toBe('the end')
  })
})
