import { type Static, Type } from 'typebox'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { deedOf } from './deed.ts'
import { parseAuthorization } from './header.ts'
import { bodyRefusals, readingRefusals } from './route-parts.ts'
import { recallSecret } from './secrets.ts'
import { signIn, signInByCode, signOut } from './sign-in.ts'

const tags = ['sign-in']

const SignInRequest = Type.Object(
  {
    username: Type.Optional(Type.String({ maxLength: 320, description: 'The e-mail address' })),
    password: Type.Optional(Type.String({ maxLength: 2048 })),
    code: Type.Optional(
      Type.String({ maxLength: 100, description: 'A code that signs in once, alone' }),
    ),
  },
  {
    $id: 'SignInRequest',
    description: '`username` and `password`, or `code`',
    examples: [{ username: 'ada@acme.example', password: 'four words are enough' }],
  },
)
type SignInRequest = Static<typeof SignInRequest>

const SignedIn = Type.Object(
  {
    token: Type.String({ description: 'For `Authorization: Bearer <token>`; told this once' }),
    expiresAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'SignedIn', description: 'Stands for a person for twelve hours, or until signed out' },
)
type SignedIn = Static<typeof SignedIn>

/** Open to everyone: who calls is what it finds out. */
export function signInRoutes(app: Server, context: Context) {
  app.register(async (signing: Server) => {
    signing.addSchema(SignInRequest)
    signing.addSchema(SignedIn)
    signing.post(
      '/authentication',
      {
        bodyLimit: 16 * 1024,
        schema: {
          operationId: 'signIn',
          summary: 'Sign in',
          description:
            'Answers a bearer token, which stands in the place of the two secrets. Who guesses is slowed down, by user name and by network address.',
          tags,
          security: [],
          body: Model<SignInRequest>('SignInRequest'),
          response: {
            200: Model<SignedIn>('SignedIn'),
            ...refusals(
              'sign-in-refused',
              'sign-in-slowed',
              'passwords-busy',
              'header-too-large',
              'internal',
              'unavailable',
              ...bodyRefusals,
            ),
          },
        },
      },
      async ({ body: { username, password, code }, id: requestId, ip: address }, reply) => {
        reply.header('cache-control', 'no-store')
        const origin = { requestId, address }
        const { token, expiresAt } =
          code === undefined
            ? await signIn(context, requirePair(username, password), origin)
            : await signInByCode(context, code, origin)
        return { token, expiresAt: expiresAt.toISOString() }
      },
    )
  })
}

/** For who has signed in. */
export function signedInRoutes(app: Server, context: Context) {
  app.delete(
    '/authentication',
    {
      schema: {
        operationId: 'signOut',
        summary: 'Sign out',
        description: 'Ends the bearer token that is sent.',
        tags,
        response: {
          200: Type.Null({ description: 'The token has ended' }),
          ...refusals('bearer-missing', ...readingRefusals),
        },
      },
    },
    async (request, reply) => {
      const { bearer } = parseAuthorization(request.headers.authorization ?? '') ?? {}
      if (!bearer) {
        throw new Refusal(
          'bearer-missing',
          'Only a bearer token can be signed out: send it as "Authorization: Bearer <token>". Secrets are replaced with POST /users/{id}/secret.',
        )
      }
      await signOut(context, bearer, deedOf(request))
      return reply.send()
    },
  )

  app.get(
    '/authentication/secrets',
    {
      schema: {
        operationId: 'getSecrets',
        summary: 'Read your two secrets',
        description: 'The newest ones, for programs that send them in the place of a bearer token.',
        tags,
        response: {
          200: Type.Object(
            { userSecret: Type.String(), organizationSecret: Type.String() },
            {
              description:
                'For `Authorization: User <userSecret>, Organization <organizationSecret>`',
            },
          ),
          ...refusals(...readingRefusals),
        },
      },
    },
    async ({ principal: { organizationId, user } }) => ({
      userSecret: await recallSecret(context, { organizationId, userId: user.id }),
      organizationSecret: await recallSecret(context, { organizationId, userId: null }),
    }),
  )
}

function requirePair(username: string | undefined, password: string | undefined) {
  if (username !== undefined && password !== undefined) return { username, password }
  const missing = Object.entries({ username, password }).flatMap(([key, value]) =>
    value === undefined ? [{ key, reason: 'is required' }] : [],
  )
  throw new Refusal('body-invalid', {
    message: 'Send `username` and `password`, or `code` alone.',
    invalid: missing,
  })
}
