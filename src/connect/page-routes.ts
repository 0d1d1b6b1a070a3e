import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { credentialRefusals } from '../instances/refusals.ts'
import { baseOf } from './base.ts'
import { describeCertificates } from './certificates.ts'
import { beginConsent } from './consent.ts'
import { requirePage } from './guard.ts'
import { openLink, publicIdOf } from './link.ts'
import { cancelByCustomer, showPage, showState } from './page.ts'
import {
  type ConnectAnswers,
  type ConnectCertificate,
  type ConnectLink,
  type ConnectPage,
  pageModels,
  State,
} from './page-schema.ts'
import { submit } from './submit.ts'

const tags = ['connect']
const everyRefusal = ['header-too-large', 'internal', 'unavailable'] as const
const bodyRefusals = ['body-invalid', 'body-too-large', 'media-type-unsupported'] as const
const known = ['connect-key-unknown', ...everyRefusal] as const
const trying = [
  ...new Set([
    ...known,
    'connect-session-over' as const,
    'oauth-app-not-found' as const,
    'oauth-app-unclear' as const,
    'oauth-app-unfit' as const,
    'oauth-flow-different' as const,
    'oauth-code-missing' as const,
    'instance-not-found' as const,
    'instance-busy' as const,
    'reconnect-required' as const,
    'outcome-unknown' as const,
    ...credentialRefusals.filter(
      (code) => !['access-missing', 'user-unknown', 'organization-unknown'].includes(code),
    ),
  ]),
]

/** What the page of a connect session calls: no cookie, no other origin. */
export function connectPageRoutes(app: Server, context: Context) {
  app.register(async (pages: Server) => {
    keepToOwnOrigin(pages)
    for (const model of pageModels) pages.addSchema(model)
    pages.post(
      '/connect/session/open',
      {
        schema: {
          operationId: 'openConnectLink',
          summary: 'Open the link of a connect session',
          description: 'Uses the link up, and answers the key that the page goes on with.',
          tags,
          security: [],
          body: Model<ConnectLink>('ConnectLink'),
          response: {
            200: Type.Object({ key: Type.String() }, { description: 'For `Connect <key>`' }),
            ...refusals(
              ...bodyRefusals,
              'connect-link-unknown',
              'connect-link-used',
              'connect-session-over',
              ...everyRefusal,
            ),
          },
        },
      },
      async ({ body, noted }) => {
        const { key, session } = await openLink(context, body.link)
        noted.organizationId = session.organizationId
        return { key }
      },
    )
    pages.register(async (opened: Server) => {
      requirePage(opened, context)
      openedRoutes(opened, context)
    })
  })
}

function openedRoutes(app: Server, context: Context) {
  const security = [{ page: [] }]
  app.get(
    '/connect/session/form',
    {
      schema: {
        operationId: 'getConnectPage',
        summary: 'Read what a connect session asks for',
        tags,
        security,
        response: { 200: Model<ConnectPage>('ConnectPage'), ...refusals(...known) },
      },
    },
    async ({ connectSession }) => showPage(context, connectSession),
  )
  app.get(
    '/connect/session/state',
    {
      schema: {
        operationId: 'getConnectState',
        summary: 'Read how far a connect session is',
        tags,
        security,
        response: { 200: State, ...refusals(...known) },
      },
    },
    async ({ connectSession }) => showState(connectSession),
  )
  app.post(
    '/connect/session/provision',
    {
      schema: {
        operationId: 'provisionConnectSession',
        summary: 'Provision with what a customer filled in',
        tags,
        security,
        body: Model<ConnectAnswers>('ConnectAnswers'),
        response: { 200: State, ...refusals(...trying) },
      },
    },
    async (request) => {
      await submit(context, submissionOf(request as FastifyRequest<{ Body: ConnectAnswers }>))
      return showState({ ...request.connectSession, status: 'succeeded', statusReason: null })
    },
  )
  app.post(
    '/connect/session/certificates',
    {
      schema: {
        operationId: 'readConnectCertificates',
        summary: 'Read the certificates that a customer filled in',
        description: 'Stores nothing, and asks no vendor. Counts as an attempt.',
        tags,
        security,
        body: Model<ConnectAnswers>('ConnectAnswers'),
        response: {
          200: Type.Array(Model<ConnectCertificate>('ConnectCertificate'), {
            description: 'A line for each file',
          }),
          ...refusals(...trying),
        },
      },
    },
    async ({ connectSession: session, body: answers }) =>
      describeCertificates(context, { session, answers }),
  )
  app.post(
    '/connect/session/authorize',
    {
      schema: {
        operationId: 'authorizeConnectSession',
        summary: "Begin a customer's consent at the vendor",
        description: 'Answers the way to the vendor, for this browser, once, within two minutes.',
        tags,
        security,
        querystring: Type.Object({
          place: Type.Enum(['window', 'tab'], {
            type: 'string',
            description: 'Where it is opened: in a window of its own, or in the place of the page',
          }),
        }),
        body: Model<ConnectAnswers>('ConnectAnswers'),
        response: {
          200: Type.Object({ url: Type.String() }, { description: 'Where to go' }),
          ...refusals(...trying),
        },
      },
    },
    async (request) => {
      const base = baseOf(context, app)
      const { place } = request.query
      const submission = submissionOf(request as FastifyRequest<{ Body: ConnectAnswers }>)
      const ticket = await beginConsent(context, submission, { base, place })
      const session = publicIdOf(context.vault, request.connectSession)
      return { url: `${base}/connect/go?${new URLSearchParams({ session, ticket })}` }
    },
  )
  app.post(
    '/connect/session/cancel',
    {
      schema: {
        operationId: 'cancelConnectPage',
        summary: 'End a connect session as its customer',
        tags,
        security,
        response: { 200: State, ...refusals(...known) },
      },
    },
    async ({ connectSession }) => cancelByCustomer(context, connectSession),
  )
}

function submissionOf(request: FastifyRequest<{ Body: ConnectAnswers }>) {
  const { connectSession: session, body: answers, id: requestId, ip: address, noted } = request
  const note = (what: { instanceId?: number; elementKey?: string }) =>
    void Object.assign(noted, what)
  return { session, answers, requestId, address, note }
}

/** Pages of other origins read nothing here, whatever is configured for the API. */
function keepToOwnOrigin(app: FastifyInstance) {
  app.addHook('onRequest', async (_, reply) => {
    reply.header('cache-control', 'no-store')
    for (const name of ['origin', 'expose-headers']) {
      reply.removeHeader(`access-control-allow-${name}`)
      reply.removeHeader(`access-control-${name}`)
    }
  })
}
