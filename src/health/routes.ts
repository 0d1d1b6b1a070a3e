import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { createProgress } from './progress.ts'
import { startRun } from './run.ts'
import {
  type Verification,
  type VerificationLine,
  type VerificationRequest,
  verificationModels,
} from './run-schema.ts'
import { getRun } from './runs.ts'

const tags = ['instances']
const json = 'application/json'
const lines = 'application/x-ndjson'
const params = Type.Object({
  runId: Id('The verification', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
})
const calling = [
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'parameters-invalid',
  'not-acceptable',
  'header-too-large',
  'internal',
  'unavailable',
] as const

/** Trying many instances at once. */
export function verificationRoutes(app: Server, context: Context) {
  for (const model of verificationModels) app.addSchema(model)

  app.post(
    '/instances/verify',
    {
      schema: {
        operationId: 'verifyInstances',
        summary: 'Try many instances at their vendors',
        description:
          'Each as `POST /instances/{id}/verify` does, a few at a time. Answers the progress as JSON lines, one for each instance once it is done; with `Accept: application/json` at once, with no results yet. It goes on without whoever asked, and can be read again for seven days.',
        tags,
        body: Model<VerificationRequest>('VerificationRequest'),
        response: {
          200: Type.Unsafe<never>({
            description: 'The progress, or the verification as it begins',
            content: {
              [lines]: { schema: Model<VerificationLine>('VerificationLine') },
              [json]: { schema: Model<Verification>('Verification') },
            },
          }),
          ...refusals(
            ...calling,
            'body-invalid',
            'body-too-large',
            'media-type-unsupported',
            'element-not-found',
            'verification-too-large',
            'verifications-too-many',
          ),
        },
      },
    },
    async (request, reply) => {
      const { principal, id: requestId, ip: address, body, headers } = request
      const progress = createProgress()
      const asked = { principal, requestId, address, body }
      const started = await startRun(context, asked, progress.listener)
      if (wantsJson(headers.accept)) {
        progress.stream.destroy()
        const { run } = await getRun(context, principal, started.id, {})
        return reply.type(`${json}; charset=utf-8`).send(run as never)
      }
      progress.start(started)
      return reply.type(lines).send(progress.stream as never)
    },
  )

  app.get(
    '/instances/verify/:runId',
    {
      schema: {
        operationId: 'getVerification',
        summary: 'Read how far the trial of many instances is',
        tags,
        params,
        querystring: Type.Object(pageParameters),
        response: {
          200: Model<Verification>('Verification', { headers: pageHeaders }),
          ...refusals(...calling, 'verification-not-found'),
        },
      },
    },
    async ({ principal, params, query }, reply) => {
      const { run, headers } = await getRun(context, principal, params.runId, query)
      return reply.headers(headers).send(run)
    },
  )
}

/** Who names JSON, and no lines of it. */
function wantsJson(accept = ''): boolean {
  return accept.toLowerCase().includes(json) && !accept.toLowerCase().includes(lines)
}
