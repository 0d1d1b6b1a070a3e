import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isOutage } from '../database/failure.ts'
import type { AllowedMethods } from './allowed-methods.ts'
import { type ProblemCode, problems, Refusal, type RefusalDetails } from './errors.ts'
import { renderProblem } from './problem.ts'
import { showKey } from './show-key.ts'

/** For what Fastify refuses before any route or hook has seen it, such as a malformed path. */
export function handleFrameworkError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  request.noted = {}
  refuse(translate(error, request), request, reply.header('elements-request-id', request.id))
}

/** Renders every error and every unknown path as a problem; what a 5xx was about stays in the log. */
export function handleErrors(app: FastifyInstance, allowedAt: AllowedMethods) {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    return refuse(explainError(error, request), request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    const allowed = allowedAt(request.url.split('?')[0]!)
    if (allowed.length === 0) {
      const message =
        'There is nothing at this path. The routes are listed at /docs and in /openapi.json.'
      return refuse(new Refusal('route-not-found', message), request, reply)
    }
    // RFC 9110, section 15.5.6
    reply.header('allow', allowed.join(', '))
    const message = `There is no ${request.method} at this path, but ${allowed.join(', ')}. The routes are listed at /docs and in /openapi.json.`
    return refuse(new Refusal('method-not-allowed', message), request, reply)
  })
}

/** The refusal that an error of a request is told as; what a 5xx was about stays in the log. */
export function explainError(error: Error, request: FastifyRequest): Refusal {
  return error instanceof Refusal ? error : translate(error as FastifyError, request)
}

function refuse(refusal: Refusal, request: FastifyRequest, reply: FastifyReply) {
  const { status } = problems[refusal.code]
  request.noted.code = refusal.code
  reply.header('elements-error', refusal.code)
  const { retryAfter } = refusal.details
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  // RFC 9110, section 11.6.1
  if (status === 401)
    reply.header(
      'www-authenticate',
      refusal.code === 'connect-key-unknown'
        ? 'Connect realm="latchkey"'
        : 'User realm="latchkey", Organization realm="latchkey", Bearer realm="latchkey"',
    )
  return reply
    .code(status)
    .type('application/problem+json')
    .send(renderProblem(refusal, request.id))
}

const ofFastify: Record<string, [ProblemCode, string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'media-type-unsupported',
    'Send the body as JSON, with the header Content-Type: application/json.',
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['body-invalid', 'The body is empty. Send a JSON object.'],
  FST_ERR_CTP_INVALID_JSON_BODY: [
    'body-invalid',
    'The body is not valid JSON. Correct it and send it again.',
  ],
  FST_ERR_MAX_PARAM_LENGTH: ['parameters-invalid', 'A part of the path is too long.'],
  FST_ERR_BAD_URL: ['parameters-invalid', 'The path cannot be decoded: check its "%" escapes.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'body-invalid',
    'The body does not have the length that Content-Length states.',
  ],
}

function translate(error: FastifyError, request: FastifyRequest): Refusal {
  if (error.validation) return explainValidation(error)
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const limit = (request.routeOptions.bodyLimit ?? 0) / 1024
    return new Refusal('body-too-large', `A request body may have at most ${limit} KiB here.`)
  }
  const known = ofFastify[error.code]
  if (known) return new Refusal(...known)
  if (error.statusCode && error.statusCode < 500) {
    // Such as JSON with a forbidden member; Fastify's own words may repeat what was sent.
    return new Refusal('body-invalid', 'The request cannot be read: check its path and its body.')
  }
  if (isOutage(error)) {
    request.log.error({ requestId: request.id, err: error }, 'the database cannot be used')
    return new Refusal('unavailable', {
      message: 'The service cannot reach its database right now. Nothing was changed; try again.',
      retryAfter: 5,
    })
  }
  request.log.error({ requestId: request.id, err: error }, 'a request failed')
  return new Refusal('internal', {
    message: `Something went wrong on our side. Try again; if it stays so, tell the operator the request id ${request.id}.`,
  })
}

/** One of ajv's complaints, with the schema that it stands in. */
interface Complaint {
  instancePath: string
  keyword: string
  message?: string
  params: Record<string, unknown>
  parentSchema?: { 'x-refusals'?: Record<string, ProblemCode> }
}

const maxComplaints = 20

/** A schema may name the refusal for one of its keywords, or for a required member, in `x-refusals`. */
function explainValidation(error: FastifyError): Refusal {
  const complaints = (error.validation as unknown as Complaint[]).slice(0, maxComplaints)
  const codes = complaints.map(({ keyword, params, parentSchema }) => {
    const own = parentSchema?.['x-refusals']
    return own?.[keyword === 'required' ? String(params.missingProperty) : keyword]
  })
  const invalid = complaints.map(({ instancePath, keyword, params, message }) => {
    const path = instancePath.split('/').slice(1).map(showKey).join('.')
    if (keyword === 'required') {
      return {
        key: [path, params.missingProperty].filter(Boolean).join('.'),
        reason: 'is required',
      }
    }
    return { key: path, reason: message ?? 'is not as described' }
  })
  const inBody = error.validationContext === 'body'
  const details: RefusalDetails = {
    message: `Correct ${inBody ? 'the body' : `the ${error.validationContext}`}: ${invalid
      .map(({ key, reason }) => `${key || 'it'} ${reason}`)
      .join('; ')}.`,
    invalid,
  }
  const special = codes.find((code) => code !== undefined)
  return new Refusal(special ?? (inBody ? 'body-invalid' : 'parameters-invalid'), details)
}
