import { once } from 'node:events'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { createServer as createTls, type TlsOptions } from 'node:tls'
import { createEgress, type Egress, type EgressOptions } from '../../src/egress/client.ts'
import { EgressFailure } from '../../src/egress/failure.ts'

export interface Listener extends AsyncDisposable {
  port: number
  origin: string
  /** How many connections were made to it. */
  readonly connections: number
}

/** An HTTP server; on 127.0.0.1 unless said otherwise. */
export function listen(handler: RequestListener, host = '127.0.0.1', port = 0): Promise<Listener> {
  return start(createHttp(handler), 'http', host, port)
}

/** An HTTPS server. */
export function listenTls(options: TlsOptions, handler: RequestListener, host = '127.0.0.1') {
  const http = createHttp(handler)
  return start(
    createTls({ ...options }, (socket) => void http.emit('connection', socket)),
    'https',
    host,
  )
}

/** A server that does with a socket what no HTTP server would. */
export function listenTcp(handler: (socket: Socket) => void): Promise<Listener> {
  return start(createTcp(handler), 'http', '127.0.0.1')
}

/** Answers every request with these bytes, whatever they are, and then does `after`. */
export function answerRaw(bytes: string | Buffer, after: (socket: Socket) => void = () => {}) {
  return listenTcp((socket) => {
    socket.once('data', () => {
      socket.write(bytes)
      after(socket)
    })
  })
}

async function start(server: Server, scheme: string, host: string, port = 0): Promise<Listener> {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  server.listen(port, host || undefined)
  await once(server, 'listening')
  const bound = server.address() as AddressInfo
  return {
    port: bound.port,
    origin: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound.port}`,
    get connections() {
      return connections
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** An egress that may call anything on this machine. */
export function openEgress(options: Partial<EgressOptions> = {}): Egress {
  return createEgress({ allow: ['127.0.0.0/8'], ...options })
}

/** Until undici has put back the connection of the answer that just came. */
export const settled = () => setImmediate()

export function get(
  egress: Egress,
  url: string,
  rest: { deadlineMs?: number; maxBytes?: number } = {},
) {
  return egress.send({ method: 'GET', url: new URL(url), headers: {}, ...rest })
}

/** The failure that a request ends with; an answer is an error. */
export async function failureOf(sent: Promise<unknown>): Promise<EgressFailure> {
  try {
    await sent
  } catch (error) {
    if (error instanceof EgressFailure) return error
    throw error
  }
  throw new Error('answered, and should have failed')
}
