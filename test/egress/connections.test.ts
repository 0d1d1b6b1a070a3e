import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Egress, EgressRequest } from '../../src/egress/client.ts'
import {
  failureOf,
  get,
  type Listener,
  listen,
  listenTcp,
  openEgress,
  settled,
} from './listener.ts'

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** Answers the first request of each connection and breaks at the second, as if it had been idle. */
async function forgetful(breaks: (socket: Socket) => void) {
  const requests: string[] = []
  const server = await listenTcp((socket) => {
    let served = 0
    socket.on('data', (data) => {
      requests.push(String(data).split(' ', 1)[0]!)
      if (served++ === 0) socket.write(ok)
      else breaks(socket)
    })
  })
  return { server, requests }
}

function send(egress: Egress, { origin }: Listener, rest: Partial<EgressRequest>) {
  return egress.send({ method: 'GET', url: new URL(origin), headers: {}, ...rest })
}

describe("a connection that can't be made", () => {
  test('because nothing listens is refused, with host and port in the message', async () => {
    const { port, [Symbol.asyncDispose]: close } = await listen(() => {})
    await close()
    await using egress = openEgress()
    const failure = await failureOf(get(egress, `http://127.0.0.1:${port}/?token=secret`))
    expect(failure).toMatchObject({ kind: 'refused', code: 'ECONNREFUSED' })
    expect(failure.message).toBe(
      `127.0.0.1 refuses connections on port ${port}. Check the host and the port.`,
    )
  })

  test('because no way leads there is unreachable', async () => {
    await using egress = openEgress({ allow: ['224.0.0.1', '255.255.255.255'] })
    expect((await failureOf(get(egress, 'http://224.0.0.1/'))).kind).toBe('unreachable')
    expect((await failureOf(get(egress, 'http://255.255.255.255/'))).kind).toBe('unreachable')
  })

  test('harms no other request to its host', async () => {
    await using server = await listen((_request, response) => response.end('ok'), '127.0.0.2')
    let asked = 0
    const resolve = async () => [
      { address: asked++ % 2 === 0 ? '127.0.0.3' : '127.0.0.2', family: 4 } as const,
    ]
    await using egress = openEgress({ resolve })
    const url = `http://flaky.example:${server.port}/`
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => get(egress, url)))
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(10)
  })
})

describe('a connection that its vendor closes at the moment of use', () => {
  const breaks = {
    ends: (socket: Socket) => socket.end(),
    resets: (socket: Socket) => socket.resetAndDestroy(),
  }

  test('is not replaced for a request that may not be repeated', async () => {
    const { server, requests } = await forgetful(breaks.ends)
    await using _server = server
    await using egress = openEgress()
    await get(egress, server.origin)
    await settled()
    const failure = await failureOf(send(egress, server, { method: 'POST', body: '{}' }))
    expect(failure.kind).toBe('reset')
    await get(egress, server.origin)
    await settled()
    expect((await failureOf(send(egress, server, { repeatable: false }))).kind).toBe('reset')
    expect(requests).toEqual(['GET', 'POST', 'GET', 'GET'])
  })

  test('is not replaced where the connection was fresh', async () => {
    await using server = await listenTcp((socket) => socket.once('data', () => socket.end()))
    await using egress = openEgress()
    expect((await failureOf(get(egress, server.origin))).kind).toBe('reset')
    expect(server.connections).toBe(1)
  })

  test('is not replaced once a byte of the answer has come', async () => {
    const { server, requests } = await forgetful((socket) => socket.end('HTTP/1.1 200'))
    await using _server = server
    await using egress = openEgress()
    await get(egress, server.origin)
    await settled()
    expect((await failureOf(get(egress, server.origin))).kind).toBe('reset')
    expect(requests).toHaveLength(2)
  })

  test.each(Object.entries(breaks))(
    'and %s is replaced once, for a request that may be repeated',
    async (_, how) => {
      const { server, requests } = await forgetful(how)
      await using _server = server
      await using egress = openEgress()
      await get(egress, server.origin)
      await settled()
      expect(String((await get(egress, server.origin)).body)).toBe('ok')
      await settled()
      const post = { method: 'POST', body: '{}', repeatable: true }
      expect((await send(egress, server, post)).status).toBe(200)
      expect(requests).toEqual(['GET', 'GET', 'GET', 'POST', 'POST'])
      expect(server.connections).toBe(3)
    },
  )
})

describe('connections', () => {
  test('are used again, one for each request under way', async () => {
    await using server = await listen((_request, response) =>
      setTimeout(() => response.end('ok'), 5),
    )
    await using egress = openEgress()
    for (let n = 0; n < 5; n++) {
      await get(egress, server.origin)
      await settled()
    }
    expect(server.connections).toBe(1)
    await Promise.all(Array.from({ length: 30 }, () => get(egress, server.origin)))
    expect(server.connections).toBe(30)
    await settled()
    await Promise.all(Array.from({ length: 30 }, () => get(egress, server.origin)))
    expect(server.connections).toBe(30)
  })

  test('are never shared by two ports of one host', async () => {
    await using one = await listen((_request, response) => response.end('one'))
    await using two = await listen((_request, response) => response.end('two'))
    await using egress = openEgress()
    expect(String((await get(egress, one.origin)).body)).toBe('one')
    expect(String((await get(egress, two.origin)).body)).toBe('two')
  })

  test('are closed when a request on them was given up', async () => {
    let closed = () => {}
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    await using server = await listen((request) => request.socket.on('close', closed))
    await using egress = openEgress()
    const controller = new AbortController()
    const failure = failureOf(send(egress, server, { signal: controller.signal }))
    setTimeout(() => controller.abort(), 50)
    expect((await failure).kind).toBe('aborted')
    await gone
    expect((await failureOf(send(egress, server, { signal: controller.signal }))).kind).toBe(
      'aborted',
    )
    expect(server.connections).toBe(1)
  })

  test('end with the service, and what runs on them or waits for one', async () => {
    await using server = await listen(() => {})
    await using mute = await listenTcp(() => {})
    const egress = openEgress()
    const failures = [
      failureOf(get(egress, server.origin)),
      failureOf(get(egress, `https://127.0.0.1:${mute.port}/`)),
    ]
    await new Promise((resolve) => setTimeout(resolve, 50))
    await egress[Symbol.asyncDispose]()
    expect((await Promise.all(failures)).map(({ kind }) => kind)).toEqual(['aborted', 'aborted'])
    expect((await failureOf(get(egress, server.origin))).kind).toBe('aborted')
  })
})
