import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { requestLine } from '../http/server.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { countRequest } from '../telemetry/requests.ts'
import { endTrace } from '../telemetry/trace-requests.ts'
import type { Course } from './course.ts'

/** A call whose last byte has gone, or that broke off. */
export interface FinishedCall {
  request: FastifyRequest
  reply: FastifyReply
  /** The vendor's, or that of our refusal; 499 where the client left before there was one. */
  status: number
  /** Why its answer is not whole; undefined where it is. */
  broken: 'client-left' | 'client-stalled' | 'vendor-broke-off' | undefined
  course: Course
}

/** Tells of a call. What was answered whole has its line in the log as any other request has. */
export function observe(
  { log, metrics }: { log: Logger; metrics: Metrics },
  { request, reply, status, broken, course }: FinishedCall,
) {
  course.ends(status, broken ?? '')
  if (!broken) return
  request.noted.code = broken
  countRequest(metrics, request, reply, status)
  endTrace(request, status)
  log.info(requestLine(request, status, reply.elapsedTime), 'request')
}
