import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import cors from '@fastify/cors'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { Ajv, type AnySchema } from 'ajv'
import Fastify, { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import { handleErrors, handleFrameworkError } from './error-handler.ts'
import { Refusal } from './errors.ts'
import { ExchangeSchema, Problem, renderProblem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the line in the log says of this request besides what every line says. */
    noted: { instanceId?: number; elementKey?: string; code?: string }
  }
}

export type Server = ReturnType<typeof createServer>

const prefix = '/elements/api-v2'

/** In the order that Cloud Elements' clients know. */
const exposedHeaders = [
  'Elements-Returned-Count',
  'Elements-Total-Count',
  'Elements-Request-Id',
  'Elements-Next-Page-Token',
  'Elements-Trace-Id',
  'Elements-Error',
  'Content-Disposition',
]

/** An empty server with everything that all routes share. */
export function createServer(options: {
  log: Logger
  trustProxy: boolean | string
  corsOrigins: readonly string[]
}) {
  const app = Fastify({
    loggerInstance: options.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger,
    genReqId: newRequestId,
    trustProxy: options.trustProxy,
    bodyLimit: 1024 * 1024,
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: true },
    http: { maxHeaderSize: 16 * 1024 },
    rewriteUrl: ({ url = '/' }) => (url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : url),
    clientErrorHandler,
    frameworkErrors: handleFrameworkError as never,
    // Fastify's type describes its own factory's result, not the compiler that it asks for.
    schemaController: { compilersFactory: { buildValidator: buildValidator as never } },
  })
  app.addSchema(ExchangeSchema)
  app.addSchema(Problem)
  handleErrors(app)
  app.register(cors, {
    origin: options.corsOrigins.includes('*') ? '*' : [...options.corsOrigins],
    exposedHeaders,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  })
  app.decorateRequest('noted', null as never)
  app.addHook('onRequest', async (request, reply) => {
    request.noted = {}
    reply.header('elements-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
  })
  // Else a connection that was in use when the service was told to stop would hold the stop up.
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', async (_, reply) => {
    if (closing) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    options.log.info(describe(request, reply.statusCode, reply.elapsedTime), 'request')
  })
  return app.withTypeProvider<TypeBoxTypeProvider>()
}

/** One line a request: the route's pattern and never the URL, whose query may hold a secret. */
function describe(request: FastifyRequest, status: number, elapsed: number) {
  return {
    requestId: request.id,
    organizationId: request.principal?.organizationId,
    route: `${request.method} ${request.routeOptions.url ?? '(none)'}`,
    status,
    ms: Math.round(elapsed * 10) / 10,
    ...request.noted,
  }
}

/** 24 hexadecimal digits. */
function newRequestId(): string {
  return randomBytes(12).toString('hex')
}

/** Bodies are taken as they are; parameters arrive as text and are converted. All faults are told. */
function buildValidator(sharedSchemas: unknown) {
  const schemas = Object.values(sharedSchemas as Record<string, AnySchema>)
  // What `int64` promises to clients, `integer` and a maximum check.
  const formats = { int64: true } as const
  const options = {
    schemas,
    formats,
    allErrors: true,
    strict: false,
    verbose: true,
    useDefaults: true,
  }
  const body = new Ajv({ ...options, coerceTypes: false })
  const parameters = new Ajv({ ...options, coerceTypes: 'array' })
  return ({ schema, httpPart }: { schema: AnySchema; httpPart?: string }) =>
    (httpPart === 'body' ? body : parameters).compile(schema)
}

/** What never became a request: the parser refused it, or it did not come in time. */
function clientErrorHandler(error: Error & { code?: string }, socket: Socket) {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW'
  const refusal = tooLarge
    ? new Refusal('header-too-large', 'The request headers may have at most 16 KiB together.')
    : new Refusal('body-invalid', 'This is not a valid HTTP/1.1 request, or it came too slowly.')
  const body = renderProblem(refusal, newRequestId())
  const status = tooLarge ? '431 Request Header Fields Too Large' : '400 Bad Request'
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
