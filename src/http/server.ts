import { randomFillSync } from 'node:crypto'
import type { Socket } from 'node:net'
import cors from '@fastify/cors'
import {
  type SerializerCompiler,
  type SerializerFactory,
  SerializerSelector,
} from '@fastify/fast-json-stringify-compiler'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { Ajv, type AnySchema } from 'ajv'
import type { AnyValidateFunction } from 'ajv/dist/types/index.js'
import Fastify, { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify'
import type { Logger } from 'pino'
import { heedAccept } from './accept.ts'
import { noteMethods } from './allowed-methods.ts'
import { takeJson } from './bodies.ts'
import { handleErrors, handleFrameworkError } from './error-handler.ts'
import { problems, Refusal } from './errors.ts'
import { isPatient } from './patience.ts'
import { ExchangeSchema, Problem, renderProblem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the line in the log says of this request besides what every line says. */
    noted: { organizationId?: number; instanceId?: number; elementKey?: string; code?: string }
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
    loggerInstance: forEveryRequest(options.log),
    logController: new LogController({ disableRequestLogging: true }),
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
    clientErrorHandler: (error, socket) => refuseRaw(options.log, error, socket),
    frameworkErrors: handleFrameworkError as never,
    // Fastify's type describes its own factory's result, not the compiler that it asks for.
    schemaController: {
      compilersFactory: { buildValidator: buildValidator as never, buildSerializer },
    },
  })
  takeJson(app)
  app.addSchema(ExchangeSchema)
  app.addSchema(Problem)
  handleErrors(app, noteMethods(app))
  app.register(cors, {
    origin: options.corsOrigins.includes('*') ? '*' : [...options.corsOrigins],
    exposedHeaders,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  })
  app.decorateRequest('noted', null as never)
  app.addHook('onRequest', (request, reply, done) => {
    request.noted = {}
    reply.header('elements-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
    done()
  })
  heedAccept(app)
  // Else a connection that was in use when the service was told to stop would hold the stop up.
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onSend', (_, reply, payload, done) => {
    if (closing) reply.header('connection', 'close')
    done(null, payload)
  })
  app.addHook('onResponse', (request, reply, done) => {
    options.log.info(requestLine(request, reply.statusCode, reply.elapsedTime), 'request')
    done()
  })
  return app.withTypeProvider<TypeBoxTypeProvider>()
}

/** One line a request: the route's pattern and never the URL, whose query may hold a secret. */
export function requestLine(request: FastifyRequest, status: number, elapsed: number) {
  return {
    requestId: request.id,
    organizationId: request.principal?.organizationId,
    route: `${request.method} ${request.routeOptions.url ?? '(none)'}`,
    status,
    ms: Math.round(elapsed * 10) / 10,
    ...request.noted,
  }
}

/** Fastify would make a logger for each request, and nobody writes to it. */
function forEveryRequest(log: Logger): FastifyBaseLogger {
  const same: FastifyBaseLogger = Object.assign(Object.create(log), { child: () => same })
  return same
}

const idBytes = 12
/** Randomness for many ids is asked for at once. */
const drawn = Buffer.alloc(256 * idBytes)
let drawnAt = drawn.length

/** 24 hexadecimal digits. */
function newRequestId(): string {
  if (drawnAt === drawn.length) {
    randomFillSync(drawn)
    drawnAt = 0
  }
  const at = drawnAt
  drawnAt += idBytes
  return drawn.toString('hex', at, drawnAt)
}

/**
 * Refusals are rendered before they get here, and making a serializer for every status of every
 * route would take seconds at each start.
 */
function buildSerializer(...given: Parameters<SerializerFactory>): SerializerCompiler {
  const compile = SerializerSelector()(...given)
  return (route) => {
    if (Number(route.httpStatus) >= 400) return JSON.stringify
    let serialize: ReturnType<typeof compile> | undefined
    return (data) => {
      serialize ??= compile(route)
      return serialize(data)
    }
  }
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
    // Our own schemas, which would be checked anew for every scope of routes at each start.
    meta: false,
    validateSchema: false,
  }
  const body = once(() => new Ajv({ ...options, coerceTypes: false }))
  const largeBody = once(() => new Ajv({ ...options, coerceTypes: false, allErrors: false }))
  const parameters = once(() => new Ajv({ ...options, coerceTypes: 'array' }))
  return ({ schema, httpPart }: { schema: AnySchema; httpPart?: string }) =>
    httpPart === 'body'
      ? chooseBySize(whenNeeded(body, schema), whenNeeded(largeBody, schema))
      : whenNeeded(parameters, schema)
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/**
 * To compile the schemas of all routes would take seconds at each start, and a compiler reads all
 * shared schemas of its scope.
 */
function whenNeeded(compiler: () => Ajv, schema: AnySchema): AnyValidateFunction {
  let compiled: AnyValidateFunction | undefined
  const validate = (data: unknown) => {
    compiled ??= compiler().compile(schema)
    const valid = compiled(data)
    validate.errors = compiled.errors
    return valid
  }
  validate.errors = undefined as AnyValidateFunction['errors']
  return validate as unknown as AnyValidateFunction
}

const maxThoroughNodes = 2_000

/** All faults of a body that a client may mean; the first alone of one that would have thousands. */
function chooseBySize(thorough: AnyValidateFunction, quick: AnyValidateFunction) {
  const validate = (data: unknown) => {
    const chosen = countNodes(data, maxThoroughNodes) < maxThoroughNodes ? thorough : quick
    const valid = chosen(data)
    validate.errors = chosen.errors
    return valid
  }
  validate.errors = undefined as AnyValidateFunction['errors']
  return validate
}

/** How many values there are in it, at most `limit`. */
function countNodes(data: unknown, limit: number): number {
  if (data === null || typeof data !== 'object') return 1
  let count = 1
  for (const member of Object.values(data)) {
    if (count >= limit) return limit
    count += countNodes(member, limit - count)
  }
  return count
}

const neverRequests: Record<string, [status: string, refusal: Refusal]> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    new Refusal('header-too-large', 'The request headers may have at most 16 KiB together.'),
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    new Refusal('request-late', 'The request did not come whole within 30 seconds. Send it again.'),
  ],
}

/** What never became a request: the parser refused it, or it did not come in time. */
function refuseRaw(log: Logger, error: Error & { code?: string }, socket: Socket) {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && isPatient(socket)) return
  const [status, refusal] = neverRequests[error.code ?? ''] ?? [
    '400 Bad Request',
    new Refusal('body-invalid', 'This is not a valid HTTP/1.1 request.'),
  ]
  const requestId = newRequestId()
  const body = renderProblem(refusal, requestId)
  log.info({ requestId, status: problems[refusal.code].status, code: refusal.code }, 'request')
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Elements-Request-Id: ${requestId}`,
    `Elements-Error: ${refusal.code}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
