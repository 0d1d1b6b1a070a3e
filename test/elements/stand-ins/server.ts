import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { Agent, request as send } from 'undici'
import type { Egress } from '../../../src/egress/client.ts'
import { listenTls } from '../../egress/listener.ts'
import { createAuthority } from '../../support/authority.ts'
import type { StandIn } from './stand-in.ts'

const hostHeader = 'x-stand-in-for'

export interface StandInServer extends AsyncDisposable {
  port: number
  /** Who vouches for it. */
  ca: string
  /** The hosts that were asked since the last look. */
  takeAsked(): string[]
  /** What the redirect says that a vendor's page sends a browser away with. */
  consent(pageUrl: string): Promise<Record<string, string>>
}

/** All vendors at once, behind TLS on loopback; a host that none of them has is answered 599. */
export async function startStandIns(standIns: Record<string, StandIn>): Promise<StandInServer> {
  const authority = createAuthority()
  let asked: string[] = []
  const listener = await listenTls(
    { ...authority.issue({ names: ['127.0.0.1'] }), requestCert: true, rejectUnauthorized: false },
    async (request, response) => {
      const { method, url = '', headers, socket } = request
      let body = ''
      request.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      await once(request, 'end')
      const host = String(headers[hostHeader])
      asked.push(host)
      const { pathname, searchParams: query } = new URL(url, `https://${host}`)
      const { subject } = (socket as TLSSocket).getPeerCertificate()
      const standIn = Object.values(standIns).find(({ hosts }) => isAmong(host, hosts))
      const at = `${method} ${decodeURI(pathname)}`
      const certificate = subject && String(subject.CN)
      const reply = standIn?.answer({ at, host, query, headers, body, certificate })
      const { status = 200, headers: more, body: content } = reply ?? { status: 599 }
      const isText = content === undefined || typeof content === 'string'
      const type = { 'content-type': isText ? 'text/plain' : 'application/json' }
      response.writeHead(status, { ...type, ...more })
      response.end(isText ? content : JSON.stringify(content))
    },
  )
  const browser = new Agent({ connect: { ca: authority.caPem } })
  return {
    port: listener.port,
    ca: authority.caPem,
    takeAsked() {
      const taken = asked
      asked = []
      return taken
    },
    async consent(pageUrl) {
      const { hostname, pathname, search } = new URL(pageUrl)
      const { statusCode, headers, body } = await send(`${listener.origin}${pathname}${search}`, {
        headers: { [hostHeader]: hostname },
        dispatcher: browser,
      })
      const text = await body.text()
      if (statusCode !== 302) throw new Error(`${hostname} shows ${statusCode}: ${text}`)
      return Object.fromEntries(new URL(String(headers.location)).searchParams)
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await listener[Symbol.asyncDispose]()
    },
  }
}

/** The real egress, but whatever host is meant, the stand-ins are asked. */
export function towards({ port }: StandInServer, egress: Egress): Egress {
  return {
    send(request) {
      if (request.url.protocol !== 'https:') throw new Error(`${request.url} is not https`)
      const url = new URL(request.url)
      url.host = `127.0.0.1:${port}`
      const headers = { ...request.headers, [hostHeader]: request.url.hostname }
      return egress.send({ ...request, url, headers })
    },
    idleMs: egress.idleMs,
    turns: egress.turns,
    open() {
      throw new Error('the stand-ins answer whole')
    },
    judge: (url) => egress.judge(url),
    [Symbol.asyncDispose]: () => egress[Symbol.asyncDispose](),
  }
}

function isAmong(host: string, hosts: readonly string[]): boolean {
  return hosts.some((one) => (one.startsWith('*.') ? host.endsWith(one.slice(1)) : host === one))
}
