import type { IncomingHttpHeaders } from 'node:http'
import type { Authentication } from '../../src/authentication/authentication.ts'
import { typeOf } from '../../src/authentication/authentication.ts'
import { sendSigned } from '../../src/authentication/send.ts'
import type { VendorRequest } from '../../src/exchange/request.ts'
import { listen, openEgress } from '../egress/listener.ts'

/** A request as a vendor gets it. */
export interface Received {
  method: string
  /** Path and query. */
  target: string
  url: URL
  headers: IncomingHttpHeaders
  body: string
}

/** True and false are 200 and 401. */
export type Verdict = boolean | { status: number; headers: Record<string, string | string[]> }

interface Call {
  method?: string
  /** Path and query. */
  target?: string
  headers?: Record<string, string>
  body?: string
  /** What someone on the way does to it. */
  tamper?(signed: VendorRequest): VendorRequest
}

export interface Vendor extends AsyncDisposable {
  origin: string
  received: Received[]
  /** The status that a request ends with which is signed with these values. */
  call(authentication: Authentication, values: Record<string, string>, call?: Call): Promise<number>
}

/** A vendor that judges credentials by itself, and is reached as any other is. */
export async function openVendor(judge: (received: Received) => Verdict): Promise<Vendor> {
  const received: Received[] = []
  const server = await listen(async (request, response) => {
    const { method = '', url: target = '', headers } = request
    request.setEncoding('utf8')
    let body = ''
    for await (const chunk of request) body += chunk
    const one = { method, target, url: new URL(target, 'http://x'), headers, body }
    received.push(one)
    const verdict = judge(one)
    if (typeof verdict === 'boolean') response.writeHead(verdict ? 200 : 401).end()
    else response.writeHead(verdict.status, verdict.headers).end()
  })
  const egress = openEgress()
  return {
    origin: server.origin,
    received,
    async call(
      authentication,
      values,
      { method = 'GET', target = '/', headers, body, tamper } = {},
    ) {
      const request = { method, url: server.origin + target, headers: { ...headers }, body }
      const given = new Map(Object.entries(values))
      const place = { baseUrl: server.origin, entries: [] }
      const signed = tamper?.(await typeOf(authentication).sign(request, authentication, given))
      const limits = { deadline: performance.now() + 10_000 }
      const connection = { authentication, place, values: given }
      return (await sendSigned(egress, connection, request, limits, signed)).status
    },
    async [Symbol.asyncDispose]() {
      await egress[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** The refusal of a value that cannot stand where the definition puts it. */
export async function refusalOf(work: () => unknown): Promise<{ key: string; message: string }> {
  try {
    await work()
  } catch (error) {
    const { key, message } = error as { key: string; message: string }
    return { key, message }
  }
  throw new Error('was signed, and should have been refused')
}
