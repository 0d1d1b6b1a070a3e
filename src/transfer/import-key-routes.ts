import { Type } from 'typebox'
import { deedOf } from '../access/deed.ts'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { addImportKey, getImportKeys, removeImportKey } from './import-keys.ts'
import type { ImportKey, ImportKeyRequest } from './import-schema.ts'

const tags = ['instances']
/** Read from the database alone, so that no process has to be told. */
const config = { fenced: false }
const params = Type.Object({
  id: Id('The import key', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
})
const everyRefusal = [
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'header-too-large',
  'internal',
  'unavailable',
] as const

/** Keys for which other installations seal what they export. */
export function importKeyRoutes(app: Server, context: Context) {
  app.post(
    '/imports/keys',
    {
      config,
      schema: {
        operationId: 'createImportKey',
        summary: 'Make a key for an import',
        description:
          'The first step of moving instances here: its public half goes to `POST /instances/export` of the other installation. It is yours alone, and what is sealed for it becomes yours. It ends after an hour, unless said otherwise.',
        tags,
        body: Model<ImportKeyRequest>('ImportKeyRequest'),
        response: {
          200: Model<ImportKey>('ImportKey'),
          ...refusals(
            'body-invalid',
            'body-too-large',
            'media-type-unsupported',
            'import-keys-too-many',
            ...everyRefusal,
          ),
        },
      },
    },
    async (request) => addImportKey(context, deedOf(request), request.body.lifetimeSeconds ?? 3600),
  )

  app.get(
    '/imports/keys',
    {
      schema: {
        operationId: 'listImportKeys',
        summary: 'List keys for imports',
        description: 'Your own that can still be used, 20 at most.',
        tags,
        response: {
          200: Type.Array(Model<ImportKey>('ImportKey'), { description: 'In the order of ids' }),
          ...refusals(...everyRefusal),
        },
      },
    },
    async ({ principal }) => getImportKeys(context, principal),
  )

  app.delete(
    '/imports/keys/:id',
    {
      config,
      schema: {
        operationId: 'deleteImportKey',
        summary: 'Revoke a key for imports',
        description: 'From then on nothing opens that was sealed for it.',
        tags,
        params,
        response: {
          200: Type.Object({}, { description: 'It is gone' }),
          ...refusals('import-key-not-found', 'parameters-invalid', ...everyRefusal),
        },
      },
    },
    async (request) => {
      await removeImportKey(context, deedOf(request), request.params.id)
      return {}
    },
  )
}
