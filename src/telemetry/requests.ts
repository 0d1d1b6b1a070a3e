import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Server } from '../http/server.ts'
import { classOf } from './gateway-metrics.ts'
import type { Metrics } from './metrics.ts'

const known = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Counts what is answered. */
export function measureRequests(app: Server, metrics: Metrics) {
  app.addHook('onResponse', (request, reply, done) => {
    countRequest(metrics, request, reply, reply.statusCode)
    done()
  })
}

/** To be called where an answer broke off: no hook hears of it. */
export function countRequest(
  metrics: Metrics,
  { method, routeOptions }: FastifyRequest,
  { elapsedTime }: Pick<FastifyReply, 'elapsedTime'>,
  status: number,
) {
  const { url = '(none)' } = routeOptions
  // A vendor may answer any status.
  const isCall = url.endsWith('/*') || url === '/proxy'
  const told = isCall ? classOf(status) : status
  metrics.answered(known.has(method) ? method : 'other', url, told, elapsedTime)
}
