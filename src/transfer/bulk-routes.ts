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
import { once } from '../instances/idempotency.ts'
import { provision } from '../instances/provision.ts'
import type { Instance, InstanceRequest } from '../instances/schema.ts'
import { Excess, type Line, readLines } from './lines.ts'
import { inParallel } from './parallel.ts'
import { whenAdmitted } from './patient.ts'
import { lineReader } from './read-line.ts'
import { tellInstance, tellRefusal } from './result.ts'
import { LineResult } from './schema.ts'

const jsonLines = 'application/x-ndjson'
const limits = { lineBytes: 2 ** 20, lines: 10_000, bytes: 32 * 2 ** 20 }
const atOnce = 8
/** With room for a line's number behind it. */
const maxKeyLength = 249

const headers = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        'Each line has the key `{key}-{line}`: sent again, the same lines answer the same and provision once for 24 hours',
    }),
  ),
})

/** Provisioning many instances at once; the answer begins before the request has ended. */
export function bulkRoutes(app: Server, context: Context) {
  app.addSchema(LineResult)
  app.removeAllContentTypeParsers()
  // The body is read by the route, line by line.
  app.addContentTypeParser(jsonLines, (_request, _body, done) => done(null, ''))
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())
  const readLine = lineReader<InstanceRequest>(app, 'InstanceRequest')

  app.post(
    '/instances/bulk',
    {
      config: { fenced: false },
      schema: {
        operationId: 'createInstances',
        summary: 'Provision many instances',
        description: `Takes a request of \`POST /instances\` a line, 10,000 lines or 32 MiB at most, and answers a line for each as soon as it is done: in the order in which they end, eight at a time. A line that is refused hurts no other. Read the answer while you send; whoever leaves stops what was not begun. A line that has no answer when the answer ends was not taken, or its outcome is unknown: send the whole again with the same key.`,
        tags: ['instances'],
        headers,
        body: {
          content: {
            [jsonLines]: {
              schema: Type.String({ description: 'An `InstanceRequest` as JSON a line' }),
            },
          },
        },
        response: {
          200: {
            description: 'A `LineResult` as JSON a line',
            content: { [jsonLines]: { schema: Model<LineResult>('LineResult') } },
          },
          ...refusals(
            'body-too-large',
            'media-type-unsupported',
            'idempotency-key-invalid',
            'access-missing',
            'user-unknown',
            'organization-unknown',
            'parameters-invalid',
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
      const key = readKey(request.headers['idempotency-key'])
      bePatient(request, reply.raw)
      const left = new AbortController()
      reply.raw.once('close', () => left.abort())
      const stop = AbortSignal.any([left.signal, closing.signal])
      reply.type(jsonLines)
      return reply.send(Readable.from(answerLines(request, key, stop)) as never)
    },
  )

  async function* answerLines(
    request: FastifyRequest,
    key: string | undefined,
    stop: AbortSignal,
  ): AsyncGenerator<string> {
    const answer = (line: Line) => answerLine(request, line, key, stop)
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
    line: Line,
    key: string | undefined,
    stop: AbortSignal,
  ): Promise<string> {
    try {
      if (line.text === undefined) throw tooLarge('A line may have at most 1 MiB.')
      const body = await readLine(request, line.text)
      const work = () => provisionLine(request, body, key && `${key}-${line.number}`)
      return tellInstance(line.number, await whenAdmitted(stop, work))
    } catch (error) {
      return tellRefusal(line.number, explainError(error as Error, request), request.id)
    }
  }

  /** The caller is asked for at each line: what was taken away meanwhile is gone. */
  async function provisionLine(
    request: FastifyRequest,
    body: InstanceRequest,
    key: string | undefined,
  ): Promise<string> {
    const { id: requestId, ip: address } = request
    const principal = await identify(context, request.headers.authorization)
    const asked = { principal, requestId, address, keyInPath: undefined, body, note: () => {} }
    if (key === undefined) return serialize(await provision(context, asked))
    const route = 'POST /instances/bulk'
    return once(context, { principal, route, key, body }, serialize, (claim) =>
      provision(context, asked, claim),
    )
  }
}

function serialize(instance: Instance): string {
  return JSON.stringify(instance)
}

function tooLarge(message: string): Refusal {
  return new Refusal('body-too-large', message)
}

function readKey(key: string | undefined): string | undefined {
  if (key === undefined || (key.length > 0 && key.length <= maxKeyLength)) return key
  throw new Refusal(
    'idempotency-key-invalid',
    `An Idempotency-Key has 1 to ${maxKeyLength} printable ASCII characters here, such as a UUID.`,
  )
}
