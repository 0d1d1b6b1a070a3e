import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface ConnectProxy extends AsyncDisposable {
  url: string
  /** What it was asked to connect to, and with which credentials. */
  asked: string[]
  credentials: (string | undefined)[]
}

/**
 * A proxy that understands CONNECT and nothing else. `lead` says to which local port a tunnel
 * goes, or with which raw answer it is refused; `undefined` is silence.
 */
export async function startProxy(
  lead: (authority: string) => number | string | undefined,
): Promise<ConnectProxy> {
  const asked: string[] = []
  const credentials: (string | undefined)[] = []
  const sockets = new Set<Socket>()
  const server = createServer((_request, response) => response.writeHead(405).end())
  server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))))
  server.on('connect', (request, client: Socket) => {
    client.on('error', () => {})
    asked.push(request.url!)
    credentials.push(request.headers['proxy-authorization'])
    const to = lead(request.url!)
    if (to === undefined) return
    if (typeof to === 'string') {
      client.end(to)
      return
    }
    const target = connect(to, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      client.pipe(target).pipe(client)
    })
    target.on('error', () => client.destroy()).on('close', () => client.destroy())
    client.on('close', () => target.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    credentials,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
