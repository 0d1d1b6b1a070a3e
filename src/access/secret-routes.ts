import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { deedOf } from './deed.ts'
import { guardRight } from './guard.ts'
import { requirePersonOfBearer } from './prove.ts'
import {
  bodyRefusals,
  userParams as params,
  passwordHeader,
  proofRefusals,
  readingRefusals,
} from './route-parts.ts'
import { rotateSecret } from './secrets.ts'
import type { NewSecret, Overlap } from './user-schema.ts'
import { requireUserRecord } from './users.ts'

const bodyLimit = 4 * 1024
const body = Model<Overlap>('Overlap')
const answered = Model<NewSecret>('NewSecret')

/** One secret in the place of another, while both work for a while. */
export function secretRoutes(app: Server, context: Context) {
  app.post(
    '/users/:idOrEmail/secret',
    {
      bodyLimit,
      preValidation: allowNoBody,
      schema: {
        operationId: 'rotateUserSecret',
        summary: "Replace a user's secret",
        description:
          'Your own, or anybody’s for an admin. When the one before ends, so does what was signed in to with it until now; what was signed in to with the password stays. A secret outlives a bearer token: with one, have signed in within the last five minutes, or send your password in the header `Elements-User-Password`.',
        tags: ['users'],
        params,
        headers: passwordHeader,
        body,
        response: {
          200: answered,
          ...refusals('user-not-found', ...proofRefusals, ...bodyRefusals, ...readingRefusals),
        },
      },
    },
    async (request) => {
      const { principal, params, body } = request
      await requirePersonOfBearer(context, request)
      const { organizationId, id } = await requireUserRecord(context, principal, params.idOrEmail)
      const owner = { organizationId, userId: id }
      return show(await rotateSecret(context, owner, { ...body, deed: deedOf(request) }))
    },
  )

  app.register(async (governed: Server) => {
    guardRight(governed, 'all-users')
    governed.post(
      '/organization/secret',
      {
        bodyLimit,
        preValidation: allowNoBody,
        schema: {
          operationId: 'rotateOrganizationSecret',
          summary: "Replace the organization's secret",
          description:
            'Every user sends it: choose an overlap that lets all of them change over. When the one before ends, so does what anybody has signed in to with the two secrets until now. With a bearer token, have signed in within the last five minutes, or send your password in the header `Elements-User-Password`.',
          tags: ['users'],
          headers: passwordHeader,
          body,
          response: {
            200: answered,
            ...refusals('role-insufficient', ...proofRefusals, ...bodyRefusals, ...readingRefusals),
          },
        },
      },
      async (request) => {
        await requirePersonOfBearer(context, request)
        const { organizationId } = request.principal
        const owner = { organizationId, userId: null }
        return show(await rotateSecret(context, owner, { ...request.body, deed: deedOf(request) }))
      },
    )
  })
}

async function allowNoBody(request: { body: unknown }) {
  request.body ??= {}
}

function show({ secret, previousExpiresAt }: Awaited<ReturnType<typeof rotateSecret>>) {
  return { secret, previousExpiresAt: previousExpiresAt.toISOString() }
}
