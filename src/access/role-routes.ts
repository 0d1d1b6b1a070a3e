import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { deedOf } from './deed.ts'
import { giveRole, takeRole } from './give-role.ts'
import { guardRight } from './guard.ts'
import { requirePersonOfBearer } from './prove.ts'
import { showRoles } from './roles.ts'
import { passwordHeader, proofRefusals, readingRefusals, userParams } from './route-parts.ts'
import type { RoleAnswer } from './user-schema.ts'
import { requireUserRecord } from './users.ts'

const tags = ['users']
const params = Type.Object({
  ...userParams.properties,
  role: Type.String({ maxLength: 100, description: '`user` (also `org`) or `org-admin`' }),
})
const answered = Model<RoleAnswer>('Role')

/** What users may do; admins say so. */
export function roleRoutes(app: Server, context: Context) {
  app.get(
    '/users/:idOrEmail/roles',
    {
      schema: {
        operationId: 'listRoles',
        summary: 'List the roles of a user',
        tags,
        params: userParams,
        response: {
          200: Type.Array(answered, { description: 'Every user is a `user`' }),
          ...refusals('user-not-found', ...readingRefusals),
        },
      },
    },
    async ({ principal, params }) =>
      showRoles((await requireUserRecord(context, principal, params.idOrEmail)).role),
  )

  app.register(async (governed: Server) => {
    guardRight(governed, 'all-users')
    for (const method of ['PUT', 'POST'] as const) givingRoute(governed, context, method)
    takingRoute(governed, context)
  })
}

function givingRoute(app: Server, context: Context, method: 'PUT' | 'POST') {
  app.route({
    method,
    url: '/users/:idOrEmail/roles/:role',
    schema: {
      operationId: method === 'PUT' ? 'giveRole' : 'addRole',
      summary: method === 'PUT' ? 'Give a role' : 'Give a role, as PUT does',
      description:
        'It outlives a bearer token: with one, have signed in within the last five minutes, or send your password in the header `Elements-User-Password`.',
      tags,
      params,
      headers: passwordHeader,
      response: {
        200: answered,
        ...refusals(
          'user-not-found',
          'role-insufficient',
          'role-unknown',
          'role-given',
          ...proofRefusals,
          ...readingRefusals,
        ),
      },
    },
    handler: async (request) => {
      const { principal, params } = request
      await requirePersonOfBearer(context, request)
      return giveRole(context, { principal, ...params }, deedOf(request))
    },
  })
}

function takingRoute(app: Server, context: Context) {
  app.delete(
    '/users/:idOrEmail/roles/:role',
    {
      schema: {
        operationId: 'takeRole',
        summary: 'Take a role away',
        tags,
        params,
        response: {
          200: Type.Null({ description: 'The user has it no more' }),
          ...refusals(
            'user-not-found',
            'role-insufficient',
            'role-unknown',
            'role-not-given',
            'role-basic',
            'last-admin',
            ...readingRefusals,
          ),
        },
      },
    },
    async (request, reply) => {
      const { principal, params } = request
      await takeRole(context, { principal, ...params }, deedOf(request))
      return reply.send()
    },
  )
}
