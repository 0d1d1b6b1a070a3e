import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import type { ExportKey as Shown } from '../transfer/export-keys.ts'
import { ExportKey, ExportKeyRequest } from './export-key-schema.ts'
import { allowKey, forbidKey, listKeys } from './export-keys.ts'
import { deedOf, everyRefusal, params, tags } from './route-parts.ts'

/** Read from the database alone, so that no process has to be told. */
const config = { fenced: false }
const answered = Model<Shown>('ExportKey')
const keyParams = Type.Object({
  ...params.properties,
  kid: Type.String({
    pattern: '^[A-Za-z0-9_-]{43}$',
    description: 'The thumbprint of the key (RFC 7638)',
  }),
})

/** For whom the secrets of an organization's instances may be sealed. */
export function exportKeyRoutes(app: Server, context: Context) {
  for (const model of [ExportKeyRequest, ExportKey]) app.addSchema(model)

  app.get(
    '/operator/organizations/:id/export-keys',
    {
      schema: {
        operationId: 'listExportKeys',
        summary: 'List the keys for which instances may leave',
        tags,
        params,
        response: {
          200: Type.Array(answered, { description: 'Those whose time is not over' }),
          ...refusals('organization-not-found', ...everyRefusal),
        },
      },
    },
    async (request) => listKeys(context, request.params.id),
  )

  app.put(
    '/operator/organizations/:id/export-keys/:kid',
    {
      config,
      schema: {
        operationId: 'allowExportKey',
        summary: 'Let instances leave for a key',
        description:
          'Whoever has the private half reads the secrets of what the users of the organization export: allow a key that `POST /imports/keys` of an installation made that you trust, after you have compared its thumbprint with who made it. It ends after an hour, unless said otherwise; said again, its time begins anew.',
        tags,
        params: keyParams,
        body: Model<ExportKeyRequest>('ExportKeyRequest'),
        response: {
          200: answered,
          ...refusals(
            'organization-not-found',
            'organization-erasing',
            'public-key-unfit',
            'body-invalid',
            'body-too-large',
            'media-type-unsupported',
            ...everyRefusal,
          ),
        },
      },
    },
    async (request) => allowKey(context, request.params, request.body, deedOf(request)),
  )

  app.delete(
    '/operator/organizations/:id/export-keys/:kid',
    {
      config,
      schema: {
        operationId: 'forbidExportKey',
        summary: 'Let nothing more leave for a key',
        description: 'An export under way ends with the instance that it is at.',
        tags,
        params: keyParams,
        response: {
          200: Type.Object({}, { description: 'It is allowed no more' }),
          ...refusals('organization-not-found', 'export-key-not-found', ...everyRefusal),
        },
      },
    },
    async (request) => {
      await forbidKey(context, request.params, deedOf(request))
      return {}
    },
  )
}
