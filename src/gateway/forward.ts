import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { EgressFailure } from '../egress/failure.ts'
import { RenderError } from '../exchange/template.ts'
import { explainError } from '../http/error-handler.ts'
import { problems } from '../http/errors.ts'
import { mayTrail } from './answer-headers.ts'
import { type Called, call } from './call.ts'
import { bodyOf, type Expecting } from './client-body.ts'
import { Course } from './course.ts'
import { Departure } from './departure.ts'
import { brokenAnswer, refusalFor, unrenderable } from './failure.ts'
import { type FinishedCall, observe } from './finished.ts'
import { writeHead } from './head.ts'
import { type Keep, prefersLater } from './later.ts'
import { lookAgain } from './look-again.ts'
import { readOptions } from './options.ts'
import { type Target, targetOf } from './target.ts'
import { vendorHeaders } from './vendor-headers.ts'

/** Calls the vendor as the instance of the token, and hands its answer to the client. */
export async function forward(
  context: Context,
  expecting: Expecting,
  keep: Keep,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { raw: response } = reply
  const left = new Departure()
  response.on('timeout', keepWaiting).on('close', () => {
    if (!response.writableFinished) left.abort()
  })
  const course = new Course(context, request)
  let called: Called | undefined
  try {
    called = await begin(context, expecting, keep, request, reply, left, course)
  } catch (error) {
    if (!response.destroyed) {
      const explained = explain(request, reply, error as Error)
      const { code } = explainError(explained, request)
      course.ends(problems[code].status, code)
      throw explained
    }
    reply.hijack()
    observe(context, { request, reply, status: 499, broken: 'client-left', course })
  }
  if (!called) return
  const { answer } = called
  course.answers(answer, response)
  const { status } = answer
  try {
    await answer.pipe(response, mayTrail)
    observe(context, { request, reply, status, broken: undefined, course })
  } catch (error) {
    const broken = whoBroke(error as EgressFailure, left)
    observe(context, { request, reply, status, broken, course })
  } finally {
    called.end()
  }
}

/** Until the head of the answer is written; undefined where the vendor will be called later. */
async function begin(
  context: Context,
  expecting: Expecting,
  keep: Keep,
  request: FastifyRequest,
  reply: FastifyReply,
  left: Departure,
  course: Course,
): Promise<Called | undefined> {
  const { headers: given, method } = request
  const body = bodyOf(request, reply, expecting, context.egress.turns)
  const target = targetOf(request.raw.url!)
  const options = readOptions(given)
  const beforeSending = lookAgain(() => context.connections.of(given.authorization))
  const finding = context.connections.of(given.authorization)
  const callable = finding instanceof Promise ? await finding : finding
  const { instanceId, connection, base } = callable
  course.leadsTo(callable, target.path, body)
  request.principal = callable.principal
  request.noted.instanceId = instanceId
  request.noted.elementKey = connection.element.key
  const told: Record<string, string> = request.trace
    ? { 'elements-trace-id': request.trace.id }
    : {}
  try {
    const headers = vendorHeaders(connection, given)
    const asked = { method, path: target.path, headers, body }
    if (prefersLater(given.prefer)) {
      const kept = await keep(context, callable, asked, options)
      reply.headers({ ...told, 'elements-element-instance-id': instanceId })
      reply.headers({ 'preference-applied': 'respond-async' })
      reply.header('location', `${rootOf(context, request, target)}/calls/${kept.id}`)
      reply.code(202).send(kept)
      course.ends(202, '')
      return undefined
    }
    const place = { ...options, signal: left, told, course, beforeSending }
    const called = await call(context, callable, asked, place)
    try {
      const mount = rootOf(context, request, target) + target.mount
      writeHead(reply, called, { requestId: request.id, instanceId, base, mount, told })
    } catch {
      // Node refuses to write a head that would not be HTTP.
      left.abort()
      called.end()
      throw brokenAnswer(base.hostname)
    }
    reply.hijack()
    return called
  } catch (error) {
    reply.headers({ ...told, 'elements-element-instance-id': instanceId })
    throw error
  }
}

function whoBroke({ code }: EgressFailure, { aborted }: Departure): FinishedCall['broken'] {
  if (aborted) return 'client-left'
  return code === 'stalled' ? 'client-stalled' : 'vendor-broke-off'
}

/** What the client is told in the place of an answer. */
function explain(request: FastifyRequest, reply: FastifyReply, error: Error): Error {
  // Whoever still sends the body of what is refused would be read to its end.
  if (!request.raw.complete) reply.header('connection', 'close')
  if (error instanceof EgressFailure) return refusalFor(error)
  return error instanceof RenderError ? unrenderable(error) : error
}

/** Where the client finds this service: the way it came. */
function rootOf(
  { config }: Pick<Context, 'config'>,
  { originalUrl }: FastifyRequest,
  { mount, path }: Target,
): string {
  const before = originalUrl.slice(0, originalUrl.length - mount.length - path.length)
  return (config.publicUrl ?? '') + before
}

/** The server's own limit is for connections on which nothing happens; here, a vendor is waited for. */
function keepWaiting() {}
