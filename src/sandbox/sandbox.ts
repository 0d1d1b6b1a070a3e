import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Accounts, type Login } from './accounts.ts'
import { htmlPage } from './answer.ts'
import type { Behaviour } from './behaviour.ts'
import { Control, controlPath } from './control.ts'
import { misbehave, send } from './misbehave.ts'
import { answerVendor } from './vendor.ts'

/** A request as it arrived: the body as text, 64 KiB of it at most. */
interface SandboxRequest {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
  /** The common name of the certificate that the client presented, under TLS with `clientCa`. */
  clientCertificate?: string
}

export interface SandboxOptions {
  /** 0, the default, takes a free one. */
  port?: number
  /** 127.0.0.1 */
  host?: string
  /** Integrator logins beside `api1`/`api1`; `api3` is known but has no rights. */
  logins: Login[]
  /** PEM. With `clientCa`, only clients with a certificate of that authority are let in. */
  tls?: { key: string; cert: string; clientCa?: string }
}

export interface Sandbox extends AsyncDisposable {
  url: string
  port: number
  /** The last 1,000 requests to the vendor, oldest first, those that it mistreated included. */
  requests: SandboxRequest[]
  /** Has the next `times` requests (all, when left out) treated so; replaces what was told before. */
  behave(behaviour: Behaviour, times?: number): void
  /** Lets the vendor be well again. */
  reset(): void
  /** Closes every connection at once, hanging ones too. */
  stop(): Promise<void>
}

const keptRequests = 1000
const keptBody = 64 * 1024
const largestBody = 4 * 1024 * 1024
const tooLarge = htmlPage(413, 'Maximum request length exceeded.')

/**
 * Starts a stand-in for ConnectWise PSA: company `company_f`, SOAP and REST under `/v2015_3/` and
 * `/v4_6_release/`, REST keys `sandbox-public`/`sandbox-private` and, without rights,
 * `sandbox-limited`/`sandbox-limited`. Rejects where the port is taken.
 *
 * It can be told to misbehave, by `behave()` or from outside:
 * `curl -X PUT <url>/sandbox/behaviour -d '{"behaviour": "hang", "times": 1}'`, `GET` to read what
 * holds and which behaviours there are, `DELETE` to end it.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { port = 0, host = '127.0.0.1', tls } = options
  const scheme = tls === undefined ? 'http' : 'https'
  const accounts = new Accounts(options.logins)
  const control = new Control()
  const requests: SandboxRequest[] = []
  const connections = new Map<string, Socket>()

  const receive = (request: IncomingMessage, response: ServerResponse) => {
    readBody(request, (body) => {
      if (body === undefined) return send(response, tooLarge)
      const { method = '', url = '', headers, socket } = request
      if (url === controlPath) return send(response, control.answer(method, body))

      requests.push({
        method,
        url,
        headers,
        body: body.length > keptBody ? beginning(body) : body,
        ...(socket instanceof TLSSocket && clientCertificate(socket)),
      })
      if (requests.length > keptRequests) requests.shift()

      const answer = () =>
        answerVendor({ method, url, headers, body }, `${scheme}://${headers.host}`, accounts)
      const settings = control.take()
      if (settings === undefined) return send(response, answer())
      const connection = connections.get(nameOf(socket))
      if (connection !== undefined) misbehave({ request, response, connection, answer }, settings)
    })
  }

  const server =
    tls === undefined
      ? createServer(receive)
      : createTlsServer(
          {
            key: tls.key,
            cert: tls.cert,
            ca: tls.clientCa,
            requestCert: tls.clientCa !== undefined,
          },
          receive,
        )
  // Longer than any client keeps a connection, so that no client meets one that is being closed.
  server.keepAliveTimeout = 120_000
  server.on('connection', (connection) => {
    const name = nameOf(connection)
    connections.set(name, connection)
    connection.once('close', () => connections.delete(name))
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })

  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= new Promise((resolve) => {
      server.close(() => resolve())
      for (const connection of connections.values()) connection.destroy()
    })
    return stopped
  }

  const address = server.address() as AddressInfo
  const hostname = host.includes(':') ? `[${host}]` : host
  return {
    url: `${scheme}://${hostname}:${address.port}`,
    port: address.port,
    requests,
    behave: (behaviour, times) => control.behave(behaviour, times),
    reset: () => control.reset(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

// A TLS socket and the TCP connection under it are told to belong together by the peer's address.
const nameOf = (socket: Socket) => `${socket.remoteAddress} ${socket.remotePort}`

// Through a buffer, because a slice of a string keeps all of it in memory.
const beginning = (body: string) => Buffer.from(body).subarray(0, keptBody).toString()

function clientCertificate(socket: TLSSocket) {
  const name = socket.getPeerCertificate().subject?.CN
  return typeof name === 'string' ? { clientCertificate: name } : {}
}

function readBody(request: IncomingMessage, done: (body: string | undefined) => void) {
  const chunks: Buffer[] = []
  let length = 0
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= largestBody) chunks.push(chunk)
  })
  request.on('end', () => {
    done(length > largestBody ? undefined : Buffer.concat(chunks, length).toString())
  })
}
