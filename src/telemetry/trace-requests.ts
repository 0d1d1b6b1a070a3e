import type { FastifyRequest } from 'fastify'
import type { Server } from '../http/server.ts'
import type { Trace, Traces } from './traces.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What is told of the request to a receiver of traces, where there is one. */
    trace: Trace | undefined
  }
}

/** What is asked all the time, and says nothing. */
const silent = new Set(['/live', '/ready', '/metrics'])

/** Makes every request part of a trace, and says of which; nothing where traces go nowhere. */
export function traceRequests(app: Server, traces: Traces | undefined) {
  app.decorateRequest('trace', undefined)
  if (!traces) return
  app.addHook('onRequest', (request, reply, done) => {
    const { method, headers, routeOptions } = request
    const { url: route = '(none)' } = routeOptions
    if (silent.has(route)) return done()
    const about = { 'http.request.method': method, 'http.route': route }
    const trace = traces.begin(`${method} ${route}`, headers, about)
    request.trace = trace
    reply.header('elements-trace-id', trace.id)
    traces.run(trace, done)
  })
  app.addHook('onResponse', (request, reply, done) => {
    endTrace(request, reply.statusCode)
    done()
  })
}

/** To be called where an answer broke off: no hook hears of it. */
export function endTrace({ trace, principal, noted }: FastifyRequest, status: number) {
  if (!trace) return
  const { instanceId, elementKey, code } = noted
  const error = status >= 500 || status === 499 ? (code ?? String(status)) : undefined
  trace.end(
    {
      'http.response.status_code': status,
      ...(principal && { 'latchkey.organization.id': principal.organizationId }),
      ...(instanceId !== undefined && { 'latchkey.instance.id': instanceId }),
      ...(elementKey !== undefined && { 'latchkey.element.key': elementKey }),
      ...(code !== undefined && { 'latchkey.code': code }),
    },
    error,
  )
}
