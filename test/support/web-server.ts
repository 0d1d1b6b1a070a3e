import type { IncomingHttpHeaders } from 'node:http'
import { listen } from '../egress/listener.ts'

/** A request as it came, with all of its body. */
export interface Received {
  method: string
  /** With the query. */
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface Reply {
  status?: number
  headers?: Record<string, string | string[]>
  /** Text as it is, anything else as JSON. */
  body?: unknown
}

/** A web server on loopback that answers what a function says, and keeps what it received. */
export interface WebServer extends AsyncDisposable {
  url: string
  received: Received[]
}

export async function startWebServer(
  answer: (request: Received) => Reply | Promise<Reply>,
): Promise<WebServer> {
  const received: Received[] = []
  const server = await listen(async (request, response) => {
    const { method = '', url: path = '', headers } = request
    request.setEncoding('utf8')
    let text = ''
    for await (const chunk of request) text += chunk
    const one = { method, path, headers, body: text }
    received.push(one)
    const { status = 200, headers: given = {}, body } = await answer(one)
    const json = body !== undefined && typeof body !== 'string'
    response.writeHead(status, { ...(json && { 'content-type': 'application/json' }), ...given })
    response.end(json ? JSON.stringify(body) : (body as string | undefined))
  })
  return {
    url: server.origin,
    received,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
