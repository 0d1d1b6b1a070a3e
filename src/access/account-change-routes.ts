import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import type {
  Account,
  AccountChange,
  AccountReplacement,
  AccountRequest,
} from './account-schema.ts'
import { addAccount, changeAccount, removeAccount } from './accounts.ts'
import { addUser } from './add-user.ts'
import { deedOf } from './deed.ts'
import { guardRight } from './guard.ts'
import { requirePersonOfBearer } from './prove.ts'
import {
  bodyRefusals,
  accountParams as params,
  passwordHeader,
  proofRefusals,
  readingRefusals,
} from './route-parts.ts'
import type { User, UserRequest } from './user-schema.ts'

const tags = ['accounts']
const bodyLimit = 64 * 1024
const answered = Model<Account>('Account')

const changeRefusals = refusals(
  'account-not-found',
  'account-default',
  'last-admin',
  'role-insufficient',
  ...proofRefusals,
  ...bodyRefusals,
  ...readingRefusals,
)

/** Changing accounts and adding users to them, for admins. */
export function accountChangeRoutes(app: Server, context: Context) {
  app.register(async (governed: Server) => {
    guardRight(governed, 'all-users')
    changingRoutes(governed, context)
    userRoute(governed, context)
  })
}

function changingRoutes(app: Server, context: Context) {
  app.post(
    '/accounts',
    {
      bodyLimit,
      schema: {
        operationId: 'createAccount',
        summary: 'Add an account',
        tags,
        body: Model<AccountRequest>('AccountRequest'),
        response: {
          200: answered,
          ...refusals('role-insufficient', ...bodyRefusals, ...readingRefusals),
        },
      },
    },
    async (request) => addAccount(context, request.body, deedOf(request)),
  )

  app.put(
    '/accounts/:id',
    {
      bodyLimit,
      schema: {
        operationId: 'replaceAccount',
        summary: 'Replace an account',
        tags,
        params,
        headers: passwordHeader,
        body: Model<AccountReplacement>('AccountReplacement'),
        response: { 200: answered, ...changeRefusals },
      },
    },
    async (request) => {
      const whole = { description: '', externalId: null, ...request.body }
      const prove = () => requirePersonOfBearer(context, request)
      return changeAccount(context, request.params.id, whole, deedOf(request), prove)
    },
  )

  app.patch(
    '/accounts/:id',
    {
      bodyLimit,
      schema: {
        operationId: 'changeAccount',
        summary: 'Change an account',
        description:
          'What is left out stays. `"active": false` lets its users in no more. To let them in again with a bearer token, have signed in within the last five minutes, or send your password in the header `Elements-User-Password`.',
        tags,
        params,
        headers: passwordHeader,
        body: Model<AccountChange>('AccountChange'),
        response: { 200: answered, ...changeRefusals },
      },
    },
    async (request) => {
      const prove = () => requirePersonOfBearer(context, request)
      return changeAccount(context, request.params.id, request.body, deedOf(request), prove)
    },
  )

  app.delete(
    '/accounts/:id',
    {
      schema: {
        operationId: 'deleteAccount',
        summary: 'Delete an account',
        description: 'Refused while it has users, and for the default one.',
        tags,
        params,
        response: {
          200: Type.Null({ description: 'It is gone' }),
          ...refusals(
            'account-not-found',
            'account-default',
            'account-in-use',
            'role-insufficient',
            ...readingRefusals,
          ),
        },
      },
    },
    async (request, reply) => {
      await removeAccount(context, request.params.id, deedOf(request))
      return reply.send()
    },
  )
}

function userRoute(app: Server, context: Context) {
  app.post(
    '/accounts/:id/users',
    {
      bodyLimit,
      schema: {
        operationId: 'createUser',
        summary: 'Add a user',
        description:
          "Answers the user's secret, this once. It outlives a bearer token: with one, have signed in within the last five minutes, or send your password in the header `Elements-User-Password`.",
        tags,
        params,
        headers: passwordHeader,
        body: Model<UserRequest>('UserRequest'),
        response: {
          200: Model<User>('User'),
          ...refusals(
            'account-not-found',
            'role-insufficient',
            'role-unknown',
            'email-taken',
            'password-unfit',
            ...proofRefusals,
            ...bodyRefusals,
            ...readingRefusals,
          ),
        },
      },
    },
    async (request) => {
      await requirePersonOfBearer(context, request)
      return addUser(context, request.params.id, request.body, deedOf(request))
    },
  )
}
