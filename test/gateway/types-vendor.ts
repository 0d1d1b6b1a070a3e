import type { IncomingHttpHeaders } from 'node:http'
import { listen } from '../egress/listener.ts'

/** A request as a vendor gets it, to the byte. */
export interface Received {
  method: string
  /** Path and query. */
  target: string
  url: URL
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Reply {
  status?: number
  headers?: Record<string, string | string[]>
  body?: string | Buffer
}

export interface GatewayVendor extends AsyncDisposable {
  url: string
  received: Received[]
  /** What it answers from now on, once a request has come with all of its body. */
  answer(request: Received): Reply | Promise<Reply>
}

/** A vendor that answers as each test wants it to. */
export async function startGatewayVendor(): Promise<GatewayVendor> {
  const server = await listen(async (request, response) => {
    const { method = '', url: target = '', headers } = request
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk)
    } catch {
      // Whoever breaks off is no request.
      return
    }
    const url = new URL(target, vendor.url)
    const received = { method, target, url, headers, body: Buffer.concat(chunks) }
    vendor.received.push(received)
    const { status = 200, headers: given = {}, body } = await vendor.answer(received)
    response.writeHead(status, given).end(body)
  })
  const vendor: GatewayVendor = {
    url: server.origin,
    received: [],
    answer: () => ({}),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
  return vendor
}
