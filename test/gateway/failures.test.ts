import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Listener, listenTcp } from '../egress/listener.ts'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { connect, definitions, sendRaw } from './scene.ts'

let world: World
let vendor: Listener
let authorization: string
/** What the vendor does with a request whose head has come. */
let meet: (socket: Socket, head: string) => void
/** The connections on which something came. */
let sockets: Socket[] = []

beforeAll(async () => {
  vendor = await listenTcp((socket) => {
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      if (!sockets.includes(socket)) sockets.push(socket)
      meet(socket, String(text))
    })
  })
  world = await startWorld({
    definitions,
    allow: ['127.0.0.1'],
    egress: { firstByteMs: 700, idleMs: 700 },
  })
})
beforeEach(async () => {
  // One that a vendor often fails is not called for a while; that is another matter.
  authorization = (await connect(world, vendor.origin)).authorization
  sockets = []
  world.log.splice(0)
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})

const get = () => call(world, 'GET', '/proxy/x', { authorization })
const head = (method: string, more = '') =>
  `${method} /proxy/x HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\n${more}\r\n`
const answer = (bytes: string, after: (socket: Socket) => void = () => {}) => {
  meet = (socket) => {
    socket.write(bytes, 'latin1')
    after(socket)
  }
}

/** The lines of the log about calls. */
const lines = () =>
  world.log.map((line) => JSON.parse(line)).filter(({ route }) => route?.includes('/proxy'))

describe('a vendor that gives no answer', () => {
  const cases: [what: string, meet: typeof meet, status: number, code: string][] = [
    ['hangs', () => {}, 504, 'vendor-late'],
    ['closes at once', (socket) => socket.end(), 502, 'vendor-unreachable'],
    ['resets', (socket) => socket.resetAndDestroy(), 502, 'vendor-unreachable'],
    ['babbles', (socket) => socket.write('hello\r\n\r\n'), 502, 'vendor-unexpected'],
    [
      'breaks off in its head',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nx: y'),
      502,
      'vendor-unreachable',
    ],
    [
      'drips its head',
      (socket) => {
        const drip = setInterval(() => socket.write('x'), 100)
        socket.write('HTTP/1.1 200 OK\r\nx: ')
        socket.on('close', () => clearInterval(drip))
      },
      504,
      'vendor-late',
    ],
    [
      'floods with headers',
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\n${`x-flood: ${'y'.repeat(1000)}\r\n`.repeat(100)}`)
      },
      502,
      'vendor-unexpected',
    ],
    [
      'says two lengths',
      (socket) =>
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'),
      502,
      'vendor-unexpected',
    ],
    [
      'says a length that is none',
      (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nab'),
      502,
      'vendor-unexpected',
    ],
    [
      'says length and chunks',
      (socket) =>
        socket.write(
          'HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
        ),
      502,
      'vendor-unexpected',
    ],
    [
      'switches protocols unasked',
      (socket) => socket.write('HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      502,
      'vendor-unexpected',
    ],
  ]
  test.each(cases)('and %s is told in our words', async (_, does, status, code) => {
    meet = does
    const { headers, ...refused } = await get()
    expect(refused).toMatchObject({ status, body: { code } })
    expect(headers['elements-error']).toBe(code)
    expect(headers).toHaveProperty('elements-element-instance-id')
    await until(async () => lines().length > 0)
    expect(lines()).toMatchObject([
      {
        status,
        code,
        route: 'GET /proxy/*',
        elementKey: 'open',
        organizationId: world.organizationId,
      },
    ])
    await until(async () => sockets.every((socket) => socket.destroyed || socket.readableEnded))
  })

  test('that nobody listens for is told in our words', async () => {
    const { origin } = await listenTcp(() => {}).then(async (listener) => {
      await listener[Symbol.asyncDispose]()
      return listener
    })
    const gone = await connect(world, origin)
    const refused = await call(world, 'GET', '/proxy/x', { authorization: gone.authorization })
    expect(refused).toMatchObject({ status: 502, body: { code: 'vendor-unreachable' } })
  })

  test('while a body is sent: the client is told, and has the connection closed', async () => {
    meet = (socket) => socket.resetAndDestroy()
    const { text } = await sendRaw(world, head('POST', 'content-length: 5000000\r\n'), (socket) => {
      const more = setInterval(() => socket.write(Buffer.alloc(1000)), 20)
      socket.on('close', () => clearInterval(more))
    })
    expect(text).toMatch(/^HTTP\/1\.1 502 /)
    expect(text).toMatch(/connection: close/i)
  })
})

describe('a body with trailers', () => {
  const trailed = 'transfer-encoding: chunked\r\ntrailer: x-sum\r\n'
  test('that the vendor does not answer is told in our words', async () => {
    meet = (socket) => socket.resetAndDestroy()
    const { text } = await sendRaw(world, head('POST', trailed), (socket) =>
      socket.write('3\r\none\r\n'),
    )
    expect(text).toMatch(/^HTTP\/1\.1 502 /)
  })

  test('whose client leaves ends the call at the vendor', async () => {
    meet = () => {}
    await sendRaw(world, head('POST', trailed), async (socket) => {
      socket.write('3\r\none\r\n')
      await until(async () => sockets.length > 0)
      socket.destroy()
    })
    await until(async () => sockets[0]!.closed)
    await until(async () => lines().length > 0)
    expect(lines()).toMatchObject([{ status: 499, code: 'client-left' }])
  })
})

describe('an answer that is not whole', () => {
  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
  const sized = 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n'
  const ends: [what: string, does: typeof meet][] = [
    ['breaks off in a chunk', (socket) => socket.end(`${chunked}5\r\nhel`)],
    ['breaks off between chunks', (socket) => socket.end(`${chunked}5\r\nhello\r\n`)],
    ['breaks off before its length', (socket) => socket.end(`${sized}hello`)],
    [
      'is reset in its body',
      (socket) =>
        socket.write(`${sized}hello`, () => setTimeout(() => socket.resetAndDestroy(), 50)),
    ],
    ['says a chunk that is none', (socket) => socket.write(`${chunked}5\r\nhello\r\nzz\r\n`)],
    ['stops in its body', (socket) => socket.write(`${sized}hello`)],
  ]
  test.each(ends)('and %s is not taken for whole', async (_, does) => {
    meet = does
    const { text } = await sendRaw(world, head('GET'))
    if (!text.startsWith('HTTP/1.1 502')) {
      expect(text).toMatch(/^HTTP\/1\.1 200 /)
      expect(text).not.toMatch(/\r\n0\r\n\r\n$/)
      await until(async () => lines().length > 0)
      expect(lines()).toMatchObject([{ status: 200, code: 'vendor-broke-off' }])
    }
    expect(lines().length).toBeLessThanOrEqual(1)
    meet = (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    expect(await get()).toMatchObject({ status: 200, text: 'ok' })
  })

  test('is reset for a client that could not tell otherwise', async () => {
    meet = (socket) => {
      socket.write(`${chunked}5\r\nhello\r\n`)
      setTimeout(() => socket.resetAndDestroy(), 100)
    }
    const { text, reset } = await sendRaw(
      world,
      `GET /proxy/x HTTP/1.0\r\nauthorization: ${authorization}\r\n\r\n`,
    )
    expect([text.endsWith('hello'), reset]).toEqual([true, true])
  })

  test('that drips goes on as long as something comes', async () => {
    meet = (socket) => {
      let left = 12
      socket.write(sized)
      const drip = setInterval(() => {
        socket.write('x'.repeat(left === 1 ? 989 : 1))
        left -= 1
        if (left === 0) clearInterval(drip)
      }, 100)
    }
    expect((await get()).text).toHaveLength(1000)
  })
})

describe('a client', () => {
  function begin(method = 'GET', headers: Record<string, string> = {}) {
    const sent = httpRequest(`${world.url}/proxy/x`, {
      method,
      headers: { authorization, ...headers },
    })
    sent.on('error', () => {})
    return sent
  }

  test('that leaves while it waits ends the call at the vendor', async () => {
    meet = () => {}
    const sent = begin()
    sent.end()
    await until(async () => sockets.length === 1)
    sent.destroy()
    await until(async () => sockets[0]!.closed)
    await until(async () => lines().length > 0)
    expect(lines()).toMatchObject([{ status: 499, code: 'client-left' }])
  })

  test('that leaves in the answer ends the call at the vendor', async () => {
    answer('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhello')
    const sent = begin()
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    await once(response, 'data')
    sent.destroy()
    await until(async () => sockets[0]!.closed)
    await until(async () => lines().length > 0)
    expect(lines()).toMatchObject([{ status: 200, code: 'client-left' }])
  })

  test('that leaves in its body ends the call at the vendor', async () => {
    meet = () => {}
    const sent = begin('POST', { 'content-length': '1000' })
    sent.write('hello')
    await until(async () => sockets.length === 1)
    sent.destroy()
    await until(async () => sockets[0]!.closed)
    await until(async () => lines().length > 0)
    expect(lines()).toMatchObject([{ status: 499, code: 'client-left' }])
  })

  test('that stops in its body is told so, and not that the vendor was late', async () => {
    meet = () => {}
    const { text } = await sendRaw(world, head('POST', 'content-length: 1000\r\n'), (socket) => {
      socket.write('hello')
    })
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    expect(text).toMatch(/elements-error: request-late/i)
  })

  test('that takes nothing of the answer does not hold the vendor for ever', async () => {
    meet = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n')
      const chunk = Buffer.alloc(64 * 1024)
      const write = () => {
        while (!socket.destroyed && socket.write(chunk));
        socket.once('drain', write)
      }
      write()
    }
    const sent = begin()
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.on('error', () => {})
    await until(async () => sockets[0]!.closed)
    await until(async () => lines().length > 0)
    expect(lines()).toMatchObject([{ code: 'client-stalled' }])
    sent.destroy()
  })
})

describe('an idle connection that the vendor closes at the moment of use', () => {
  const whole = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
  function closeSecond() {
    let count = 0
    meet = (socket) => {
      count += 1
      if (count === 2) socket.resetAndDestroy()
      else socket.write(whole)
    }
    return () => count
  }

  test('costs a call that may be repeated nothing', async () => {
    const count = closeSecond()
    expect(await get()).toMatchObject({ text: 'ok' })
    expect(await get()).toMatchObject({ text: 'ok' })
    expect(count()).toBe(3)
  })

  test('costs any other call its answer, rather than that it is sent twice', async () => {
    const count = closeSecond()
    await get()
    const answered = await call(world, 'POST', '/proxy/x', { authorization, body: 'text' })
    expect(answered).toMatchObject({ status: 502, body: { code: 'vendor-unreachable' } })
    expect(count()).toBe(2)
  })
})

test('a whole call has one line in the log, and no query, header or body in it', async () => {
  answer('HTTP/1.1 200 OK\r\ncontent-length: 4\r\nx-told: secret-of-theirs\r\n\r\nbody')
  await call(world, 'GET', '/proxy/things?key=secret-of-mine', { authorization })
  await until(async () => lines().length > 0)
  expect(lines()).toHaveLength(1)
  expect(lines()[0]).toMatchObject({ status: 200, route: 'GET /proxy/*', elementKey: 'open' })
  expect(lines()[0]).toHaveProperty('instanceId')
  expect(lines()[0]).toHaveProperty('ms')
  expect(world.log.join()).not.toMatch(/secret-of|things/)
})
