import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { explainError } from '../http/error-handler.ts'
import { refusals, renderProblem } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { chosenIds, requireOneWay } from '../instances/choose.ts'
import { type ExportAsked, exportInstance } from './export.ts'
import { requireAllowed } from './export-keys.ts'
import type { ExportLine, ExportRequest } from './export-schema.ts'
import { readPublicKey } from './sealing.ts'

const jsonLines = 'application/x-ndjson'

/** Instances as they leave for another installation. */
export function exportRoutes(app: Server, context: Context) {
  app.post(
    '/instances/export',
    {
      schema: {
        operationId: 'exportInstances',
        summary: 'Export instances for another installation',
        description:
          'Answers a line for each of the chosen instances of yours: a manifest in clear, and beside it the secrets, sealed for the public key and bound to the manifest. The operator of this installation has to have allowed that key for your organization. Send the lines as they are to `POST /imports` of the installation that made the key. Each is told in the audit. Instance tokens, shared rate limits, connection pools and app profiles stay here.',
        tags: ['instances'],
        body: Model<ExportRequest>('ExportRequest'),
        response: {
          200: {
            description: 'An `ExportLine` as JSON a line',
            content: { [jsonLines]: { schema: Model<ExportLine>('ExportLine') } },
          },
          ...refusals(
            'body-invalid',
            'body-too-large',
            'media-type-unsupported',
            'public-key-unfit',
            'export-key-untrusted',
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
      const { principal, id: requestId, ip: address, body } = request
      requireOneWay(body)
      const publicKey = await readPublicKey(body.publicKey)
      await requireAllowed(context.db, principal.organizationId, publicKey.kid)
      const asked = { principal, requestId, address, publicKey, moves: body.tokens === 'move' }
      reply.type(jsonLines)
      return reply.send(Readable.from(exportLines(request, asked, body)) as never)
    },
  )

  /** Read as fast as somebody takes them: whoever leaves has no more exported. */
  async function* exportLines(
    request: FastifyRequest,
    asked: ExportAsked,
    body: ExportRequest,
  ): AsyncGenerator<string> {
    for await (const id of chosenIds(context, asked.principal, body)) {
      yield await exportLine(request, asked, id)
    }
  }

  async function exportLine(
    request: FastifyRequest,
    asked: ExportAsked,
    id: number,
  ): Promise<string> {
    try {
      return `${JSON.stringify(await exportInstance(context, asked, id))}\n`
    } catch (error) {
      const refusal = explainError(error as Error, request)
      return `{"sourceId":${id},"error":${renderProblem(refusal, request.id)}}\n`
    }
  }
}
