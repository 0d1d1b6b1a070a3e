import { type Static, Type } from 'typebox'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model, OneOf } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { deedOf } from './deed.ts'
import { parseAuthorization } from './header.ts'
import { identify } from './identify.ts'
import { requirePerson } from './prove.ts'
import { bodyRefusals, passwordHeader, proofRefusals, readingRefusals } from './route-parts.ts'
import { recallSecret } from './secrets.ts'
import { signIn, signInByCode, signInBySecrets, signOut } from './sign-in.ts'

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
    description: '`username` and `password`, or `code`; neither beside the two secrets',
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

const Caller = Type.Object(
  {
    organizationId: Id('The organization'),
    user: Type.Object({
      id: Id('The user'),
      emailAddress: Type.String(),
      firstName: Type.String(),
      lastName: Type.String(),
      role: OneOf(['user', 'org-admin']),
    }),
  },
  { description: 'Whom the secrets, or the bearer token, stand for' },
)

/** Open to everyone: who calls is what it finds out. */
export function signInRoutes(app: Server, context: Context) {
  app.register(async (signing: Server) => {
    signing.addSchema(SignInRequest)
    signing.addSchema(SignedIn)
    signing.post(
      '/authentication',
      {
        bodyLimit: 16 * 1024,
        // Nobody remembers that a token is not there.
        config: { fenced: false },
        schema: {
          operationId: 'signIn',
          summary: 'Sign in',
          description:
            'Answers a bearer token, which stands in the place of the two secrets: for user name and password, for a code, or, where the body is `{}`, for the secrets in the header `Authorization`. Who guesses is slowed down, by user name and by network address.',
          tags,
          // The two secrets, in the place of what the body says.
          security: [{}, { access: [] }],
          body: Model<SignInRequest>('SignInRequest'),
          response: {
            200: Model<SignedIn>('SignedIn'),
            ...refusals(
              'access-missing',
              'user-unknown',
              'organization-unknown',
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
      async ({ body, headers: { authorization }, id: requestId, ip: address }, reply) => {
        reply.header('cache-control', 'no-store')
        const { token, expiresAt } = await enter(context, body, authorization, {
          requestId,
          address,
        })
        return { token, expiresAt: expiresAt.toISOString() }
      },
    )
  })
}

async function enter(
  context: Context,
  { username, password, code }: SignInRequest,
  authorization: string | undefined,
  origin: { requestId: string; address: string },
): Promise<{ token: string; expiresAt: Date }> {
  if (code !== undefined) return signInByCode(context, code, origin)
  const saysNothing = username === undefined && password === undefined
  const { user = '', organization = '', bearer } = parseAuthorization(authorization ?? '') ?? {}
  // A bearer token must not be worth another one: it would never end.
  if (saysNothing && authorization !== undefined && !bearer) {
    const principal = await identify(context, authorization)
    return signInBySecrets(context, principal, { user, organization }, origin)
  }
  return signIn(context, requirePair(username, password), origin)
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
    '/authentication',
    {
      schema: {
        operationId: 'getCaller',
        summary: 'Read who you are',
        tags,
        response: { 200: Caller, ...refusals(...readingRefusals) },
      },
    },
    async ({ principal: { organizationId, user } }) => ({ organizationId, user }),
  )

  app.get(
    '/authentication/secrets',
    {
      schema: {
        operationId: 'getSecrets',
        summary: 'Read your two secrets',
        description:
          'The newest ones, for programs that send them in the place of a bearer token. They last: have signed in within the last five minutes, or send your password in the header `Elements-User-Password`.',
        tags,
        headers: passwordHeader,
        response: {
          200: Type.Object(
            { userSecret: Type.String(), organizationSecret: Type.String() },
            {
              description:
                'For `Authorization: User <userSecret>, Organization <organizationSecret>`',
            },
          ),
          ...refusals(...proofRefusals, ...readingRefusals),
        },
      },
    },
    async (request) => {
      const { organizationId, user } = request.principal
      await requirePerson(context, request)
      return {
        userSecret: await recallSecret(context, { organizationId, userId: user.id }),
        organizationSecret: await recallSecret(context, { organizationId, userId: null }),
      }
    },
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
