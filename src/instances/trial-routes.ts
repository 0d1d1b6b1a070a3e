import type { Context } from '../context.ts'
import { elementParams } from '../elements/route-parts.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { credentialRefusals } from './refusals.ts'
import { tryOut } from './trial.ts'
import { type Trial, type TrialRequest, trialModels } from './trial-schema.ts'

/** Trying a configuration without making an instance of it. */
export function trialRoutes(app: Server, context: Context) {
  for (const model of trialModels) app.addSchema(model)

  app.post(
    '/elements/:keyOrId/test',
    {
      schema: {
        operationId: 'testElement',
        summary: 'Try a configuration',
        description:
          'Does what `POST /elements/{keyOrId}/instances` does, the live probe included, and stores nothing.',
        tags: ['elements'],
        params: elementParams,
        body: Model<TrialRequest>('TrialRequest'),
        response: {
          200: Model<Trial>('Trial'),
          ...refusals(...credentialRefusals, 'oauth-code-untriable'),
        },
      },
    },
    async (request) => {
      const { principal, id: requestId, body, noted } = request
      const { keyOrId: keyInPath } = request.params
      const note = (known: object) => Object.assign(noted, known)
      return tryOut(context, { principal, requestId, keyInPath, body, note })
    },
  )
}
