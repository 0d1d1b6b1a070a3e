import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'
import { Type } from 'typebox'
import type { Config } from '../config.ts'
import { Refusal } from '../http/errors.ts'
import { refusals } from '../http/problem.ts'
import type { Server } from '../http/server.ts'
import type { Metrics } from './metrics.ts'

type Access = Pick<Config, 'metricsToken' | 'publicUrl' | 'trustProxy'>

const contentType = 'text/plain; version=0.0.4; charset=utf-8'
const forwarding = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** What the process counts, for the operator: neither secrets of users nor of tenants open it. */
export function metricsRoutes(app: Server, context: { config: Access; metrics: Metrics }) {
  const { config, metrics } = context
  const known = config.metricsToken && digest(config.metricsToken)
  app.get(
    '/metrics',
    {
      onRequest: async (request) => {
        if (known) requireToken(known, request)
        else requireLocal(config, request)
      },
      schema: {
        operationId: 'getMetrics',
        summary: 'What this process counts',
        description:
          'In the text format of Prometheus, for this replica alone. With `Authorization: Bearer` and the token of `LATCHKEY_METRICS_TOKEN`; without that variable for the same machine only, and never through a proxy.',
        tags: ['service'],
        security: [],
        response: {
          200: {
            description: 'Counters, gauges and histograms',
            content: { 'text/plain': { schema: Type.String() } },
          },
          ...refusals(
            'access-missing',
            'metrics-token-unknown',
            'route-not-found',
            'not-acceptable',
            'header-too-large',
            'internal',
          ),
        },
      },
    },
    async (_, reply) =>
      reply
        .header('cache-control', 'no-store')
        .type(contentType)
        .send(await metrics.text()),
  )
}

/** @throws {Refusal} 401 */
function requireToken(known: Buffer, { headers }: FastifyRequest) {
  const [, token] = /^\s*Bearer\s+(\S+)\s*$/i.exec(headers.authorization ?? '') ?? []
  if (token === undefined) {
    throw new Refusal(
      'access-missing',
      'The header has to read "Authorization: Bearer <token>", the token being LATCHKEY_METRICS_TOKEN.',
    )
  }
  if (!timingSafeEqual(digest(token), known)) {
    throw new Refusal(
      'metrics-token-unknown',
      'The token is not the one of LATCHKEY_METRICS_TOKEN. Check that it was copied whole.',
    )
  }
}

/**
 * A proxy on this machine looks as a caller on this machine does, where it says nothing of itself:
 * whoever has one has a public URL or trusts it.
 */
function requireLocal({ publicUrl, trustProxy }: Access, { raw, host, headers }: FastifyRequest) {
  const isDirect =
    !publicUrl && trustProxy === false && forwarding.every((name) => headers[name] === undefined)
  if (isDirect && isLoopback(raw.socket.remoteAddress) && isLoopbackName(host)) return
  throw new Refusal(
    'route-not-found',
    'Without LATCHKEY_METRICS_TOKEN the metrics are for callers on the same machine only, and not through a proxy.',
  )
}

function isLoopback(address = ''): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
}

/** A page in a browser on this machine comes by a name of its own. */
function isLoopbackName(host: string): boolean {
  const hostname = URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  return hostname === 'localhost' || isLoopback(hostname)
}

/** Of one length, whatever is sent. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
