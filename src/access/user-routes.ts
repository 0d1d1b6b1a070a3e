import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { changeUser } from './change-user.ts'
import { deedOf } from './deed.ts'
import { guardRight } from './guard.ts'
import { passwordIn, requirePersonOfBearer } from './prove.ts'
import { removeUser } from './remove-user.ts'
import {
  bodyRefusals,
  userParams as params,
  passwordHeader,
  proofRefusals,
  readingRefusals,
} from './route-parts.ts'
import type { User, UserChange } from './user-schema.ts'
import { getUser, listUserPage } from './users.ts'

const tags = ['users']
const bodyLimit = 64 * 1024
const answered = Model<User>('User')

/** Reading users, and changing oneself; admins see and change all. */
export function userRoutes(app: Server, context: Context) {
  app.get(
    '/users',
    {
      schema: {
        operationId: 'listUsers',
        summary: 'List users',
        description:
          'All of the organization for an admin, in the order of their ids; else yourself.',
        tags,
        querystring: Type.Object(pageParameters),
        response: {
          200: Type.Array(answered, { headers: pageHeaders, description: 'A page of users' }),
          ...refusals(...readingRefusals),
        },
      },
    },
    async (request, reply) => {
      const page = readPage(request.query)
      const { users, headers } = await listUserPage(context, request.principal, page)
      return reply.headers(headers).send(users)
    },
  )

  app.get(
    '/users/:idOrEmail',
    {
      schema: {
        operationId: 'getUser',
        summary: 'Read a user',
        description: "With the user's secret where the header `Elements-User-Password` is right.",
        tags,
        params,
        headers: passwordHeader,
        response: {
          200: answered,
          ...refusals('user-not-found', ...proofRefusals, ...readingRefusals),
        },
      },
    },
    async ({ principal, params, headers, ip: address }) => {
      const password = passwordIn(headers['elements-user-password'])
      return getUser(context, principal, params.idOrEmail, { password, address })
    },
  )

  app.patch(
    '/users/:idOrEmail',
    {
      bodyLimit,
      schema: {
        operationId: 'changeUser',
        summary: 'Change a user',
        description:
          'What is left out stays. Your own password needs `oldPassword`; a new one ends all bearer tokens of the user, as `"active": false` does. What outlives a bearer token (an address, the password of somebody else, the role of an admin, `"active": true`) needs more than one: have signed in within the last five minutes, or send your password in the header `Elements-User-Password`.',
        tags,
        params,
        headers: passwordHeader,
        body: Model<UserChange>('UserChange'),
        response: {
          200: answered,
          ...refusals(
            'user-not-found',
            'role-insufficient',
            'role-unknown',
            'email-taken',
            'password-unfit',
            'last-admin',
            ...proofRefusals,
            ...bodyRefusals,
            ...readingRefusals,
          ),
        },
      },
    },
    async (request) => {
      const { principal, params, body } = request
      const prove = () => requirePersonOfBearer(context, request)
      return changeUser(context, { principal, ...params, body, prove }, deedOf(request))
    },
  )

  app.register(async (governed: Server) => {
    guardRight(governed, 'all-users')
    deletionRoute(governed, context)
  })
}

function deletionRoute(app: Server, context: Context) {
  app.delete(
    '/users/:idOrEmail',
    {
      schema: {
        operationId: 'deleteUser',
        summary: 'Delete a user',
        description:
          'Refused while the user has instances, which are named in `references`; with `reassignTo` they become those of another user, as certificates and app profiles do.',
        tags,
        params,
        querystring: Type.Object({
          reassignTo: Type.Optional(
            Id('Whose the instances are to be', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
          ),
        }),
        response: {
          200: Type.Null({ description: 'The user is gone' }),
          ...refusals(
            'user-not-found',
            'role-insufficient',
            'user-in-use',
            'last-admin',
            ...readingRefusals,
          ),
        },
      },
    },
    async (request, reply) => {
      const { principal, params, query } = request
      await removeUser(context, { principal, ...params, ...query }, deedOf(request))
      return reply.send()
    },
  )
}
