import { request } from 'node:http'
import type { Socket } from 'node:net'
import { plainHost } from './allow-list.ts'
import { codeOf, EgressFailure, type Where } from './failure.ts'

export interface EgressProxy {
  host: string
  port: number
  authorization?: string
}

/** Reads `http://[user:password@]host[:port]`. The error does not repeat it: it may hold a password. */
export function readProxy(text: string): EgressProxy {
  const url = URL.parse(text)
  if (url?.protocol !== 'http:' || url.hostname === '') {
    throw new Error(
      'The egress proxy must be given as http://host:port, or http://user:password@host:port',
    )
  }
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return {
    host: plainHost(url.hostname),
    port: Number(url.port) || 80,
    ...(credentials !== ':' && {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    }),
  }
}

/** A socket that reaches `address` through the proxy's CONNECT (RFC 9110 section 9.3.6). */
export function openTunnel(
  proxy: EgressProxy,
  address: string,
  where: Where,
  signal: AbortSignal,
): Promise<Socket> {
  const authority = `${address.includes(':') ? `[${address}]` : address}:${where.port}`
  const headers: Record<string, string> = { host: authority }
  if (proxy.authorization) headers['proxy-authorization'] = proxy.authorization
  return new Promise((resolve, reject) => {
    const connect = request({
      host: proxy.host,
      port: proxy.port,
      method: 'CONNECT',
      path: authority,
      headers,
      agent: false,
      signal,
    })
    connect.on('connect', (answer, socket: Socket) => {
      // None may be without a listener before undici adds its own.
      socket.on('error', () => {})
      if (answer.statusCode === 200) {
        resolve(socket.setNoDelay(true).setKeepAlive(true, 60_000))
      } else {
        socket.destroy()
        reject(refusal(answer.statusCode!, where))
      }
    })
    // A proxy that takes CONNECT for an ordinary request answers with a body.
    connect.on('response', (answer) => {
      answer.destroy()
      reject(refusal(answer.statusCode!, where))
    })
    connect.on('error', (error) =>
      reject(
        new EgressFailure(
          'proxy',
          'The egress proxy does not answer. The operator has to check LATCHKEY_EGRESS_PROXY.',
          codeOf(error),
        ),
      ),
    )
    connect.end()
  })
}

function refusal(status: number, { hostname, port }: Where): EgressFailure {
  return status >= 500
    ? new EgressFailure(
        'unreachable',
        `${hostname} can't be reached on port ${port}, says the egress proxy (${status}). Check the host and the port.`,
      )
    : new EgressFailure(
        'proxy',
        `The egress proxy refuses to connect to ${hostname} (${status}). The operator has to check LATCHKEY_EGRESS_PROXY.`,
      )
}
