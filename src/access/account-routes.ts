import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import type { Account } from './account-schema.ts'
import { listAccountPage, requireAccount, showAccount } from './accounts.ts'
import { accountParams as params, readingRefusals } from './route-parts.ts'
import type { User } from './user-schema.ts'
import { listUserPage } from './users.ts'

const tags = ['accounts']
const answered = Model<Account>('Account')
const user = Model<User>('User')

/** The parts of an organization. Users see the one that they belong to, admins all. */
export function accountRoutes(app: Server, context: Context) {
  app.get(
    '/accounts',
    {
      schema: {
        operationId: 'listAccounts',
        summary: 'List accounts',
        description:
          'All of the organization for an admin, in the order of their ids; else your own.',
        tags,
        querystring: Type.Object(pageParameters),
        response: {
          200: Type.Array(answered, { headers: pageHeaders, description: 'A page of accounts' }),
          ...refusals(...readingRefusals),
        },
      },
    },
    async (request, reply) => {
      const page = readPage(request.query)
      const { accounts, headers } = await listAccountPage(context, request.principal, page)
      return reply.headers(headers).send(accounts)
    },
  )

  app.get(
    '/accounts/:id',
    {
      schema: {
        operationId: 'getAccount',
        summary: 'Read an account',
        tags,
        params,
        response: { 200: answered, ...refusals('account-not-found', ...readingRefusals) },
      },
    },
    async ({ principal, params }) =>
      showAccount(await requireAccount(context, principal, params.id)),
  )

  app.get(
    '/accounts/:id/users',
    {
      schema: {
        operationId: 'listAccountUsers',
        summary: 'List the users of an account',
        description: 'All of them for an admin, in the order of their ids; else yourself.',
        tags,
        params,
        querystring: Type.Object(pageParameters),
        response: {
          200: Type.Array(user, { headers: pageHeaders, description: 'A page of users' }),
          ...refusals('account-not-found', ...readingRefusals),
        },
      },
    },
    async (request, reply) => {
      const { principal, params } = request
      const { id } = await requireAccount(context, principal, params.id)
      const page = readPage(request.query)
      const { users, headers } = await listUserPage(context, principal, page, id)
      return reply.headers(headers).send(users)
    },
  )
}
