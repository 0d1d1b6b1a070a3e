import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { identify } from '../access/identify.ts'
import type { Context } from '../context.ts'
import { explainError } from '../http/error-handler.ts'
import { Refusal } from '../http/errors.ts'
import { bePatient } from '../http/patience.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { importInstance } from './import.ts'
import { ImportedCertificates } from './import-certificates.ts'
import type { ImportAsked } from './import-request.ts'
import type { ImportResult } from './import-schema.ts'
import { Excess, type Line, readLines } from './lines.ts'
import type { ExportedInstance } from './manifest.ts'
import { inParallel } from './parallel.ts'
import { whenAdmitted } from './patient.ts'
import { lineReader } from './read-line.ts'
import { tellImported, tellRefusal } from './result.ts'

const jsonLines = 'application/x-ndjson'
const limits = { lineBytes: 2 * 2 ** 20, lines: 10_000, bytes: 32 * 2 ** 20 }
const atOnce = 8

const querystring = Type.Object({
  verify: Type.Boolean({ default: true, description: 'False: store drafts, and ask no vendor' }),
  oauthApps: Type.Array(Type.String({ pattern: '^[1-9]\\d{0,14}:[1-9]\\d{0,14}$' }), {
    default: [],
    maxItems: 100,
    description:
      'Which app profile here stands for which one there, as `12:34`; once for each of them',
  }),
})

/** Instances as they come from another installation; the answer begins before the request has ended. */
export function importRoutes(app: Server, context: Context) {
  app.removeAllContentTypeParsers()
  // The body is read by the route, line by line.
  app.addContentTypeParser(jsonLines, (_request, _body, done) => done(null, ''))
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())
  const readLine = lineReader<ExportedInstance>(app, 'ExportedInstance')

  app.post(
    '/imports',
    {
      schema: {
        operationId: 'importInstances',
        summary: 'Take over instances of another installation',
        description:
          'Takes the lines that `POST /instances/export` answered for a key of yours, 10,000 or 32 MiB at most, and answers a line for each in the order in which they end: each is provisioned as `POST /instances` does. One that has come before is answered as it is, so that the same lines may be sent again. A line that is refused hurts no other.',
        tags: ['instances'],
        querystring,
        body: {
          content: {
            [jsonLines]: {
              schema: Type.String({ description: 'An `ExportedInstance` as JSON a line' }),
            },
          },
        },
        response: {
          200: {
            description: 'An `ImportResult` as JSON a line',
            content: { [jsonLines]: { schema: Model<ImportResult>('ImportResult') } },
          },
          ...refusals(
            'body-too-large',
            'media-type-unsupported',
            'parameters-invalid',
            'access-missing',
            'user-unknown',
            'organization-unknown',
            'header-too-large',
            'internal',
            'unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const length = Number(request.headers['content-length'] ?? 0)
      if (length > limits.bytes) throw tooLarge('At most 32 MiB are taken at once.')
      const { verify, oauthApps } = request.query
      bePatient(request, reply.raw)
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      const stop = AbortSignal.any([left.signal, closing.signal])
      reply.type(jsonLines)
      const asked = { verify, oauthApps: readPairs(oauthApps) }
      return reply.send(Readable.from(answerLines(request, asked, stop)) as never)
    },
  )

  async function* answerLines(
    request: FastifyRequest,
    asked: Pick<ImportAsked, 'verify' | 'oauthApps'>,
    stop: AbortSignal,
  ): AsyncGenerator<string> {
    await using certificates = new ImportedCertificates(context)
    const answer = (line: Line) => answerLine(request, { ...asked, certificates }, line, stop)
    try {
      const body = request.raw.iterator({ destroyOnReturn: false })
      yield* inParallel(readLines(body, limits), atOnce, answer, stop)
    } catch (error) {
      if (error instanceof Excess) {
        const words = `${error.message} This line and all after it were not taken: send them in another request.`
        yield tellRefusal(error.line, tooLarge(words), request.id)
      } else if (!stop.aborted) throw error
    }
  }

  async function answerLine(
    request: FastifyRequest,
    asked: Pick<ImportAsked, 'verify' | 'oauthApps' | 'certificates'>,
    line: Line,
    stop: AbortSignal,
  ): Promise<string> {
    try {
      if (line.text === undefined) throw tooLarge('A line may have at most 2 MiB.')
      const exported = await readLine(request, line.text)
      const { id: requestId, ip: address } = request
      const imported = await whenAdmitted(stop, async () => {
        // At each line: what was taken away meanwhile is gone.
        const principal = await identify(context, request.headers.authorization)
        return importInstance(context, { ...asked, principal, requestId, address }, exported)
      })
      return tellImported(line.number, imported)
    } catch (error) {
      return tellRefusal(line.number, explainError(error as Error, request), request.id)
    }
  }
}

function readPairs(pairs: readonly string[]): Map<number, number> {
  return new Map(pairs.map((pair) => pair.split(':').map(Number) as [number, number]))
}

function tooLarge(message: string): Refusal {
  return new Refusal('body-too-large', message)
}
