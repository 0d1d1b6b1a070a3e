import { insertAuditEntry } from '../audit/entry.ts'
import type { Context } from '../context.ts'
import { transaction } from '../database/database.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { Retention, RetentionRequest } from './schema.ts'
import { type Retention as Days, readRetention, replaceRetention } from './store.ts'

const everyRefusal = [
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'role-insufficient',
  'header-too-large',
  'internal',
  'unavailable',
] as const

const tags = ['audit']
const answered = Model<Days>('Retention')

/** How long an organization keeps what; for its admins. */
export function retentionRoutes(app: Server, { db }: Pick<Context, 'db'>) {
  app.addSchema(Retention)
  app.addSchema(RetentionRequest)

  app.get(
    '/organization/retention',
    {
      schema: {
        operationId: 'getRetention',
        summary: 'Read how long records are kept',
        tags,
        response: { 200: answered, ...refusals(...everyRefusal) },
      },
    },
    async ({ principal }) => readRetention(db, principal.organizationId),
  )

  app.put(
    '/organization/retention',
    {
      schema: {
        operationId: 'replaceRetention',
        summary: 'Say how long records are kept',
        description: 'What is left out stands at its default. What is over goes within a day.',
        tags,
        body: Model<Partial<Days>>('RetentionRequest'),
        response: {
          200: answered,
          ...refusals('body-invalid', 'body-too-large', 'media-type-unsupported', ...everyRefusal),
        },
      },
    },
    async ({ principal, body, id: requestId, ip: address }) => {
      const { organizationId, user } = principal
      return transaction(db, async (tx) => {
        await replaceRetention(tx, organizationId, body)
        const deed = { organizationId, userId: user.id, requestId, address }
        await insertAuditEntry(tx, deed, 'retention.changed', { detail: body })
        return readRetention(tx, organizationId)
      })
    },
  )
}
