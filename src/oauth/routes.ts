import { Type } from 'typebox'
import { isCodeFlow } from '../authentication/consent.ts'
import type { Context } from '../context.ts'
import { elementParams, readingRefusals } from '../elements/route-parts.ts'
import { Refusal } from '../http/errors.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { beginAuthorization } from './authorize.ts'
import { authorizationModels, type ConsentPage, type RequestTokenAnswer } from './consent-schema.ts'
import { pageOfToken } from './known-token.ts'
import { readUrlRequest } from './url-request.ts'

const shared = {
  apiKey: Type.Optional(Type.String({ description: 'The client id, or consumer key' })),
  apiSecret: Type.Optional(Type.String({ description: 'The client secret, or consumer secret' })),
  callbackUrl: Type.Optional(
    Type.String({
      maxLength: 2000,
      description: 'Where the vendor sends the browser back, as the app states it there',
    }),
  ),
  authenticationType: Type.Optional(
    Type.String({ description: 'Where the element offers several that need a consent' }),
  ),
  oauthAppId: Type.Optional(
    Id("An app profile, in the place of apiKey and apiSecret; left out: the organization's", {
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
    }),
  ),
}

/** What asking for a consent may refuse; with OAuth 1 the vendor is asked already. */
const consentRefusals = [
  ...readingRefusals,
  'element-not-found',
  'element-inactive',
  'authentication-unclear',
  'oauth-flow-different',
  'oauth-app-unclear',
  'oauth-app-unfit',
  'oauth-app-not-found',
  'configuration-incomplete',
  'configuration-invalid',
  'destination-forbidden',
  'credentials-rejected',
  'credentials-insufficient',
  'vendor-misdirected',
  'secrets-required',
  'probes-busy',
  'vendor-unreachable',
  'vendor-unexpected',
  'vendor-throttled',
  'vendor-late',
] as const

const description =
  'Every other parameter that is a configuration entry of the element, such as a shop or a subdomain, counts as one.'

/** Asking for somebody's consent at a vendor, with a callback of the caller's own. */
export function authorizationRoutes(app: Server, context: Context) {
  for (const model of authorizationModels) app.addSchema(model)

  app.get(
    '/elements/:keyOrId/oauth/url',
    {
      schema: {
        operationId: 'getOAuthUrl',
        summary: "Ask for the address of a vendor's page of consent",
        description: `Send somebody's browser there; what the vendor's redirect says belongs into \`providerData\` of \`POST /instances\`. ${description}`,
        tags: ['oauth'],
        params: elementParams,
        querystring: Type.Object({
          ...shared,
          scope: Type.Optional(
            Type.String({
              maxLength: 4000,
              pattern: '^[\\x20-\\x7e]*$',
              description: "In the place of the element's own, as the vendor writes them",
            }),
          ),
          state: Type.Optional(
            Type.String({
              maxLength: 1000,
              pattern: '^[\\x20-\\x7e]*$',
              description: 'Your own, sent as it is; left out: one that nobody can guess',
            }),
          ),
          requestToken: Type.Optional(
            Type.String({
              maxLength: 1000,
              description: 'With OAuth 1: what `GET /elements/{keyOrId}/oauth/token` answered',
            }),
          ),
          instanceId: Type.Optional(
            Id('An instance of yours that is connected anew', {
              minimum: 1,
              maximum: Number.MAX_SAFE_INTEGER,
            }),
          ),
        }),
        response: {
          200: Model<ConsentPage>('ConsentPage'),
          ...refusals(...consentRefusals, 'instance-not-found', 'oauth-state-invalid'),
        },
      },
    },
    async ({ principal, params, query, noted }) => {
      const asked = await readUrlRequest(context, principal, params.keyOrId, { ...query })
      const { key } = asked.known.element
      noted.elementKey = key
      const { requestToken } = query
      const begun = requestToken
        ? await pageOfToken(context, asked, requestToken)
        : await beginAuthorization(context, asked)
      const { url: oauthUrl, state, expiresAt } = begun
      return { element: key, oauthUrl, state, expiresAt: expiresAt.toISOString() }
    },
  )

  app.get(
    '/elements/:keyOrId/oauth/token',
    {
      schema: {
        operationId: 'getOAuthToken',
        summary: 'Ask the vendor for a request token (OAuth 1)',
        description: `Send the token as \`requestToken\` of \`GET /elements/{keyOrId}/oauth/url\`, which may also be asked alone. ${description}`,
        tags: ['oauth'],
        params: elementParams,
        querystring: Type.Object(shared),
        response: {
          200: Model<RequestTokenAnswer>('RequestToken'),
          ...refusals(...consentRefusals),
        },
      },
    },
    async ({ principal, params, query, noted }) => {
      const asked = await readUrlRequest(context, principal, params.keyOrId, { ...query })
      const { element } = asked.known
      noted.elementKey = element.key
      if (isCodeFlow(asked.authentication)) {
        throw new Refusal(
          'oauth-flow-different',
          `${element.name} knows no request tokens. Read the address of its page with GET /elements/${element.key}/oauth/url.`,
        )
      }
      const { requestToken } = await beginAuthorization(context, asked)
      return requestToken!
    },
  )
}
