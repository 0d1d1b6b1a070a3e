import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import type { Expecting } from './client-body.ts'
import { forward } from './forward.ts'
import type { Keep } from './later.ts'
import { callSchema } from './schema.ts'

/** Those that mean something between a client and its proxy alone. */
const notOurs = new Set(['CONNECT', 'TRACE'])
const methods = METHODS.filter((method) => !notOurs.has(method))
const described = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const gatewayPath = /^(?:\/elements\/api-v2)?\/(?:proxy|hubs\/)/

/** Calls through an instance. The scope has to be one of its own: bodies are not read here. */
export function gatewayRoutes(app: FastifyInstance, context: Context, keep: Keep) {
  const expecting = heedExpectations(app)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  for (const method of methods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true })
  }
  app.addHook('onRequest', (request, reply, done) => {
    if (isPreflight(request)) reply.code(204).send()
    else done()
  })
  const shared = {
    exposeHeadRoute: false,
    // Nothing of a call is ours to judge: its schema is for the document.
    validatorCompiler: () => () => true,
    // OPTIONS may be meant for the vendor: only what is a preflight by all signs is answered here.
    config: { fenced: false, cors: { strictPreflight: false, preflightContinue: true } },
    handler: (request: FastifyRequest, reply: FastifyReply) =>
      forward(context, expecting, keep, request, reply),
  }
  const url = '/proxy/*'
  for (const method of described) {
    app.route({ ...shared, method, url, schema: callSchema(method, method !== 'GET') })
  }
  const schema = { hide: true }
  const others = methods.filter((method) => !described.includes(method))
  app.route({ ...shared, method: others, url, schema })
  app.route({ ...shared, method: methods, url: '/proxy', schema })
  app.route({ ...shared, method: methods, url: '/hubs/:hub/*', schema })
}

/** Whoever waits for `100 Continue` gets it at once elsewhere, and here when the body is wanted. */
function heedExpectations(app: FastifyInstance): Expecting {
  const expecting: Expecting = new WeakSet()
  app.server.on('checkContinue', (request, response) => {
    if (gatewayPath.test(request.url ?? '')) expecting.add(request)
    else response.writeContinue()
    app.server.emit('request', request, response)
  })
  return expecting
}

/** Fetch, section 3.2.2: asked by a browser, on nobody's behalf. */
function isPreflight({ method, headers }: FastifyRequest): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  )
}
